#include "dns_data.h"

#include <algorithm>
#include <sstream>

namespace tcpnet {

namespace {

std::string Counted(const std::string& text, size_t max) {
  const std::string cut = text.substr(0, max);
  return static_cast<char>(cut.size()) + cut;
}

std::string Number(uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

}  // namespace

std::string LabelData(const std::string& label) {
  return Counted(label, 63);
}

std::string NameData(const std::string& name) {
  std::string data;
  std::istringstream labels(name);
  for (std::string label; std::getline(labels, label, '.');) {
    if (!label.empty()) data += LabelData(label);
  }
  return data + '\0';
}

std::string SrvData(uint16_t port, const std::string& host) {
  return Number(0) + Number(0) + Number(port) + NameData(host);
}

std::string TxtData(const std::vector<std::string>& strings) {
  std::string data;
  for (const std::string& text : strings) data += Counted(text, 255);
  return data.empty() ? std::string(1, '\0') : data;
}

std::vector<std::string> TxtStrings(const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  std::vector<std::string> strings;
  for (size_t at = 0; at < size;) {
    const size_t length = static_cast<uint8_t>(bytes[at]);
    if (at + 1 + length > size) break;
    if (length > 0) strings.emplace_back(bytes + at + 1, length);
    at += 1 + length;
  }
  return strings;
}

std::string EscapeLabel(const std::string& label) {
  std::string text;
  for (const char c : label) {
    if (c == '.' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

}  // namespace tcpnet
