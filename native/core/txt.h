#pragma once

#include <cstddef>
#include <string>
#include <vector>

/** TXT records: RFC 6763 section 6. Pure. */
namespace tcpnet {

/** A TXT record's data: at least one string, which may be empty. */
std::string TxtData(const std::vector<std::string>& strings);

/**
 * Adds a string of a TXT record to `kept` if it is the first with the key `v` or `sec` (section 6.4), with its value
 * cut. An untrusted record may have thousands of other strings. Does the same as src/discovery/txt.ts.
 */
void KeepTxt(std::vector<std::string>& kept, const void* text, size_t size);

/** The strings of a TXT record's data that are kept, up to the first malformed one. */
std::vector<std::string> KeptTxt(const void* data, size_t size);

}  // namespace tcpnet
