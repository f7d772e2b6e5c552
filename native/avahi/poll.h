#pragma once

#include "avahi/api.h"
#include "core/loop.h"

namespace tcpnet::avahi {

/** The discovery thread's loop as libavahi-client wants to see it. `loop` is the owner of every watch and timer. */
Poll MakePoll(Loop& loop);

}  // namespace tcpnet::avahi
