// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// json POINTER... < TEXT: prints the values at the JSON pointers (RFC 6901), one a line: strings as
// they are, the rest as JSON, "absent" where there is none. "POINTER#" counts elements instead.
#include <iostream>
#include <iterator>
#include <string>

#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::ordered_json;

std::string value_at(const Json& document, std::string pointer) {
  const bool count = !pointer.empty() && pointer.back() == '#';
  if (count) pointer.pop_back();
  const Json::json_pointer at(pointer);
  if (!document.contains(at)) return "absent";
  const Json& value = document.at(at);
  if (count) return std::to_string(value.size());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) {
    std::cerr << "not JSON: " << text << '\n';
    return 3;
  }
  for (int at = 1; at < argc; ++at) std::cout << value_at(document, argv[at]) << '\n';
  return 0;
}
