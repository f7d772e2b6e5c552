#pragma once

#include "avahi/api.h"
#include "core/loop.h"

namespace tcpnet::avahi {

/** The discovery thread's loop in the form that libavahi-client takes. `loop` owns every watch and timer. */
Poll MakePoll(Loop& loop);

}  // namespace tcpnet::avahi
