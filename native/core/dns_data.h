#ifndef TCPNET_CORE_DNS_DATA_H_
#define TCPNET_CORE_DNS_DATA_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/** Data of DNS records as they are on the wire: RFC 1035 section 3, RFC 2782, RFC 6763 section 6. Pure. */
namespace tcpnet {

/** One label of a name: its length, then its bytes. */
std::string LabelData(const std::string& label);

/** A name in text, in which characters may be escaped. */
std::string NameData(const std::string& name);

/** An SRV record's data: priority and weight 0. */
std::string SrvData(uint16_t port, const std::string& host);

/** A TXT record's data: at least one string, be it empty. */
std::string TxtData(const std::vector<std::string>& strings);

/**
 * What is kept of a TXT record's strings: those of the keys `v` and `sec`, the first of each (RFC 6763 section 6.4),
 * their values cut. An untrusted record may have thousands of others. The same as src/discovery/txt.ts does.
 */
class KeptTxt {
 public:
  void Add(const void* text, size_t size);
  std::vector<std::string> strings() const { return strings_; }

 private:
  std::vector<std::string> strings_;
};

/** What is kept of a TXT record's data; what is malformed ends it. */
std::vector<std::string> TxtStrings(const void* data, size_t size);

/** A label as part of a name in text: dots and backslashes escaped. */
std::string EscapeLabel(const std::string& label);

}  // namespace tcpnet

#endif  // TCPNET_CORE_DNS_DATA_H_
