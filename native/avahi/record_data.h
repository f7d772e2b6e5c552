#pragma once

#include <cstdint>
#include <string>

/** Data of DNS records as they are on the wire: RFC 1035 section 3, RFC 2782. Pure. */
namespace tcpnet::avahi {

/** One label of a name: its length, then its bytes. */
std::string LabelData(const std::string& label);

/** The data of a name that is given as text, with escaped characters. */
std::string NameData(const std::string& name);

/** An SRV record's data: priority and weight 0. */
std::string SrvData(uint16_t port, const std::string& host);

/** A label as part of a name in text: dots and backslashes escaped. */
std::string EscapeLabel(const std::string& label);

}  // namespace tcpnet::avahi
