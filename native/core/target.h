#pragma once

#include <string>

#include "core/location.h"
#include "core/place.h"

namespace tcpnet {

/** An instance of a type, at a place. */
struct Target {
  Place place;
  std::string type;
  std::string domain;
  Origin origin;
};

}  // namespace tcpnet
