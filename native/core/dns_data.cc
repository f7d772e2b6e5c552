#include "core/dns_data.h"

#include <strings.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace tcpnet {

namespace {

constexpr std::string_view kTxtKeys[] = {"v", "sec"};
/** No value that has a meaning is longer. */
constexpr size_t kMaxTxtValue = 12;

/** Whether a string of a TXT record is a key, or a key with a value. Keys are case-insensitive. */
bool IsOfKey(std::string_view string, std::string_view key) {
  const std::string_view rest = string.substr(std::min(key.size(), string.size()));
  return string.size() >= key.size() && strncasecmp(string.data(), key.data(), key.size()) == 0 &&
         (rest.empty() || rest.front() == '=');
}

std::string Counted(const std::string& text, size_t max) {
  const std::string cut = text.substr(0, max);
  return static_cast<char>(cut.size()) + cut;
}

std::string Number(uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

/** The character at `at` of a name in text, which is moved past it; \DDD and \C are one: RFC 1035 section 5.1. */
char NextCharacter(const std::string& name, size_t& at) {
  if (name[at] != '\\' || at + 1 == name.size()) return name[at++];
  const std::string digits = name.substr(at + 1, 3);
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  if (digits.size() < 3 || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    at += 2;
    return name[at - 1];
  }
  at += 4;
  return static_cast<char>(std::stoi(digits));
}

}  // namespace

std::string LabelData(const std::string& label) {
  return Counted(label, 63);
}

std::string NameData(const std::string& name) {
  std::string data;
  for (size_t at = 0; at < name.size(); at++) {
    std::string label;
    while (at < name.size() && name[at] != '.') label += NextCharacter(name, at);
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

void KeptTxt::Add(const void* text, size_t size) {
  for (const std::string_view key : kTxtKeys) {
    const std::string_view string(static_cast<const char*>(text), size);
    if (!IsOfKey(string, key)) continue;
    const auto is_known = [&](const std::string& known) { return IsOfKey(known, key); };
    if (std::any_of(strings_.begin(), strings_.end(), is_known)) return;
    strings_.emplace_back(string.substr(0, key.size() + 1 + kMaxTxtValue));
  }
}

std::vector<std::string> TxtStrings(const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  KeptTxt kept;
  for (size_t at = 0; at < size;) {
    const size_t length = static_cast<uint8_t>(bytes[at]);
    if (at + 1 + length > size) break;
    kept.Add(bytes + at + 1, length);
    at += 1 + length;
  }
  return kept.strings();
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
