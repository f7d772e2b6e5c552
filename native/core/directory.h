#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/target.h"

namespace tcpnet {

/** The instances of one service type that a browse has seen, by uuid, with their places. Pure. */
class Directory {
 public:
  explicit Directory(std::string type) : type_(std::move(type)) {}

  /** Returns the instance's uuid if it was not seen before; else, or if the name is no uuid, the empty string.
   */
  std::string Add(const Place& place, const std::string& domain, Origin origin);

  /** Returns the instance's uuid if this was its last place; else the empty string. */
  std::string Remove(const Place& place);

  /** The places at which an instance was seen; empty if there are none. */
  std::vector<Target> TargetsOf(const std::string& uuid) const;

 private:
  /** A place where a name was seen. */
  struct Sighting {
    size_t count;  // how often it appeared there
    std::string domain;
    Origin origin;
  };

  const std::string type_;
  std::map<std::string, std::map<Place, Sighting>> instances_;  // by uuid
};

}  // namespace tcpnet
