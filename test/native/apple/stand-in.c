/*
 * A libdns_sd.so.1 with the functions that the addon calls, which behaves as Apple's library and mDNSResponder do on one
 * machine without a network, as far as the tests beside it need:
 *
 * - Operations share one connection (DNSServiceCreateConnection, kDNSServiceFlagsShareConnection).
 * - The SRV record of a service on kDNSServiceInterfaceIndexLocalOnly has the target "localhost.". Every other service is
 *   on interface 2, and its target is STAND_IN_TARGET, or "stand-in.local.".
 * - A browse of kDNSServiceInterfaceIndexLocalOnly finds every service of the machine.
 * - With STAND_IN_NO_DAEMON set there is no daemon.
 *
 * Every host name that an address is asked for is written on standard output. One thread uses it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADD 0x2
#define SHARE_CONNECTION 0x4000
#define LOCAL_ONLY 0xffffffffu
#define NO_ERROR 0
#define UNSUPPORTED (-65544)
#define NOT_RUNNING (-65563)

typedef struct Operation* Ref;
typedef void RegisterReply(Ref, uint32_t, int32_t, const char*, const char*, const char*, void*);
typedef void BrowseReply(Ref, uint32_t, uint32_t, int32_t, const char*, const char*, const char*, void*);
typedef void ResolveReply(Ref, uint32_t, uint32_t, int32_t, const char*, const char*, uint16_t, uint16_t,
                          const unsigned char*, void*);

enum Kind { CONNECTION, REGISTRATION, BROWSE, RESOLVE, ADDRESSES };

struct Operation {
  enum Kind kind;
  uint32_t interface_index;
  char name[64];
  char type[64];
  uint16_t port;
  uint16_t txt_size;
  unsigned char txt[512];
  void (*reply)(void);
  void* context;
  int ends[2]; /* a connection's: one byte for each reply that waits */
  Ref next;
};

struct Reply {
  Ref to;
  const struct Operation* about; /* the registration; gone ones are kept */
  uint32_t flags;
  struct Reply* next;
};

static Ref operations;
static Ref connection;
static struct Reply* replies;

static Ref Make(enum Kind kind, uint32_t interface_index, const char* name, const char* type, void (*reply)(void),
                void* context) {
  Ref made = calloc(1, sizeof *made);
  made->kind = kind;
  made->interface_index = interface_index;
  snprintf(made->name, sizeof made->name, "%s", name);
  snprintf(made->type, sizeof made->type, "%s", type);
  made->reply = reply;
  made->context = context;
  made->next = operations;
  operations = made;
  return made;
}

static void Post(Ref to, const struct Operation* about, uint32_t flags) {
  struct Reply** last = &replies;
  while (*last != NULL) last = &(*last)->next;
  *last = calloc(1, sizeof **last);
  **last = (struct Reply){to, about, flags, NULL};
  if (write(connection->ends[1], "", 1) != 1) abort();
}

/* Reports a registration to every browse of its type, or every registration of its type to a new browse. */
static void PostMatches(Ref one, uint32_t flags) {
  for (Ref other = operations; other != NULL; other = other->next) {
    const int fits = (one->kind == REGISTRATION && other->kind == BROWSE) ||
                     (one->kind == BROWSE && other->kind == REGISTRATION);
    if (!fits || strcmp(one->type, other->type) != 0) continue;
    if (one->kind == BROWSE) Post(one, other, flags);
    if (one->kind == REGISTRATION) Post(other, one, flags);
  }
}

static uint32_t IndexOf(const struct Operation* registration) {
  return registration->interface_index == LOCAL_ONLY ? LOCAL_ONLY : 2;
}

static const char* TargetOf(const struct Operation* registration) {
  const char* target = getenv("STAND_IN_TARGET");
  if (registration->interface_index == LOCAL_ONLY) return "localhost.";
  return target != NULL ? target : "stand-in.local.";
}

static void Deliver(const struct Reply* reply) {
  const struct Operation* about = reply->about;
  Ref to = reply->to;
  if (to->kind == REGISTRATION) {
    ((RegisterReply*)to->reply)(to, ADD, NO_ERROR, to->name, to->type, "local.", to->context);
  } else if (to->kind == BROWSE) {
    ((BrowseReply*)to->reply)(to, reply->flags, IndexOf(about), NO_ERROR, about->name, about->type, "local.",
                              to->context);
  } else if (to->kind == RESOLVE) {
    ((ResolveReply*)to->reply)(to, 0, IndexOf(about), NO_ERROR, about->name, TargetOf(about), about->port,
                               about->txt_size, about->txt, to->context);
  }
}

int32_t DNSServiceCreateConnection(Ref* ref) {
  if (getenv("STAND_IN_NO_DAEMON") != NULL) return NOT_RUNNING;
  *ref = Make(CONNECTION, 0, "", "", NULL, NULL);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, (*ref)->ends) != 0) abort();
  /* Later connections only check whether the daemon replies. */
  if (connection == NULL) connection = *ref;
  return NO_ERROR;
}

int DNSServiceRefSockFD(Ref ref) {
  return ref->ends[0];
}

int32_t DNSServiceProcessResult(Ref ref) {
  char byte;
  if (read(ref->ends[0], &byte, 1) != 1) return NOT_RUNNING;
  struct Reply* reply = replies;
  replies = reply->next;
  for (Ref one = operations; one != NULL; one = one->next) {
    if (one != reply->to) continue;
    Deliver(reply);
    break;
  }
  free(reply);
  return NO_ERROR;
}

/* The memory of an operation stays: replies that wait may be about it. */
void DNSServiceRefDeallocate(Ref ref) {
  for (Ref* at = &operations; *at != NULL; at = &(*at)->next) {
    if (*at != ref) continue;
    *at = ref->next;
    break;
  }
  if (ref->kind == REGISTRATION) PostMatches(ref, 0);
  if (ref->kind == CONNECTION) {
    if (ref == connection) connection = NULL;
    close(ref->ends[0]);
    close(ref->ends[1]);
  }
}

int32_t DNSServiceRegister(Ref* ref, uint32_t flags, uint32_t interface_index, const char* name, const char* type,
                           const char* domain, const char* host, uint16_t port, uint16_t txt_size, const void* txt,
                           RegisterReply* reply, void* context) {
  (void)domain, (void)host;
  if ((flags & SHARE_CONNECTION) == 0 || txt_size > sizeof(*ref)->txt) return UNSUPPORTED;
  *ref = Make(REGISTRATION, interface_index, name, type, (void (*)(void))reply, context);
  (*ref)->port = port;
  (*ref)->txt_size = txt_size;
  memcpy((*ref)->txt, txt, txt_size);
  Post(*ref, *ref, ADD);
  PostMatches(*ref, ADD);
  return NO_ERROR;
}

int32_t DNSServiceBrowse(Ref* ref, uint32_t flags, uint32_t interface_index, const char* type, const char* domain,
                         BrowseReply* reply, void* context) {
  (void)domain;
  if ((flags & SHARE_CONNECTION) == 0) return UNSUPPORTED;
  *ref = Make(BROWSE, interface_index, "", type, (void (*)(void))reply, context);
  PostMatches(*ref, ADD);
  return NO_ERROR;
}

int32_t DNSServiceResolve(Ref* ref, uint32_t flags, uint32_t interface_index, const char* name, const char* type,
                          const char* domain, ResolveReply* reply, void* context) {
  (void)domain;
  if ((flags & SHARE_CONNECTION) == 0) return UNSUPPORTED;
  *ref = Make(RESOLVE, interface_index, name, type, (void (*)(void))reply, context);
  for (Ref one = operations; one != NULL; one = one->next) {
    if (one->kind == REGISTRATION && strcmp(one->name, name) == 0 && strcmp(one->type, type) == 0) Post(*ref, one, ADD);
  }
  return NO_ERROR;
}

int32_t DNSServiceQueryRecord(Ref* ref, uint32_t flags, uint32_t interface_index, const char* name, uint16_t type,
                              uint16_t class, void (*reply)(void), void* context) {
  (void)class;
  if ((flags & SHARE_CONNECTION) == 0) return UNSUPPORTED;
  printf("looked up %s %d\n", name, type);
  fflush(stdout);
  *ref = Make(ADDRESSES, interface_index, name, "", reply, context);
  return NO_ERROR;
}

/* Avahi's library has none. */
int32_t DNSServiceGetAddrInfo(void) {
  return UNSUPPORTED;
}
