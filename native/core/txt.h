#pragma once

#include <cstddef>
#include <string>
#include <vector>

/** TXT records: RFC 6763 section 6. Pure. */
namespace tcpnet {

/** A TXT record's data: at least one string, be it empty. */
std::string TxtData(const std::vector<std::string>& strings);

/**
 * Adds one of a TXT record's strings to those that are kept, unless it is dropped: kept are those of the keys `v` and
 * `sec`, the first of each (section 6.4), their values cut. An untrusted record may have thousands of others. The same
 * as src/discovery/txt.ts does.
 */
void KeepTxt(std::vector<std::string>& kept, const void* text, size_t size);

/** What is kept of a TXT record's data; what is malformed ends it. */
std::vector<std::string> KeptTxt(const void* data, size_t size);

}  // namespace tcpnet
