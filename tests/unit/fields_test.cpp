// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/fields.hpp"

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

std::string nested(std::size_t levels, const std::string& open, const std::string& close) {
  std::string text = "7";
  for (std::size_t i = 0; i < levels; ++i) text = open + text + close;
  return text;
}

std::string error_of(const std::string& text) {
  const auto json = parse_object(text);
  return json ? "" : json.error().message;
}

// The key that is refused where `take` takes from this object.
template <typename Take>
std::string refused(const std::string& text, const Take& take) {
  const auto json = parse_object(text);
  REQUIRE(json);
  Fields fields(*json);
  take(fields);
  return fields.refused();
}

template <typename Member>
bool takes(const std::string& value, Member& to) {
  return refused("{\"x\":" + value + "}", [&](Fields& fields) { fields.take("x", to); }).empty();
}

}  // namespace

TEST_CASE("a text is an object or nothing") {
  CHECK(error_of("{}").empty());
  CHECK(error_of(" {\"a\":[{}]} \n").empty());
  for (const char* text : {"", " ", "{", "{}}", "{} {}", "[{}]", "7", "\"{}\"", "null", "{a:1}",
                           "{\"a\":1,}", "{\"a\":01}", "{\"a\":NaN}", "{\"a\":\"\xff\"}",
                           "{\"a\":\"\t\"}", "\xef\xbb\xbf[]", "{}\x01", "// x\n{}"}) {
    INFO(text);
    CHECK(error_of(text) == "it is not a JSON object");
  }
  CHECK(error_of(std::string("{}\0", 3)) == "it is not a JSON object");
}

TEST_CASE("what nests deeper than anything of ours is refused and takes no stack") {
  CHECK(error_of(nested(16, "{\"a\":", "}")).empty());
  CHECK(error_of("{\"a\":" + nested(15, "[", "]") + "}").empty());
  const std::string deep = "it is nested deeper than 16 levels";
  CHECK(error_of(nested(17, "{\"a\":", "}")) == deep);
  CHECK(error_of("{\"a\":" + nested(16, "[", "]") + "}") == deep);
  CHECK(error_of("{\"b\":[],\"a\":[1,{\"c\":" + nested(14, "[", "]") + "}]}") == deep);
  std::string open(1'000'000, '[');
  CHECK(error_of("{\"a\":" + open + std::string(open.size(), ']') + "}") == deep);
  CHECK(error_of("{\"a\":" + open) == "it is not a JSON object");
}

TEST_CASE("a number is taken if its type holds it") {
  std::uint8_t small = 0;
  CHECK(takes("255", small));
  CHECK(small == 255);
  for (const char* value : {"256", "-1", "-0.0", "1.0", "1e2", "\"1\"", "true", "null", "[1]", "{}",
                            "18446744073709551616"}) {
    INFO(value);
    CHECK_FALSE(takes(value, small));
    CHECK(small == 255);
  }
  std::uint64_t whole = 0;
  CHECK(takes("18446744073709551615", whole));
  CHECK(whole == ~std::uint64_t{0});
  CHECK_FALSE(takes("18446744073709551616", whole));
  std::int64_t with_sign = 0;
  CHECK(takes("-9223372036854775808", with_sign));
  CHECK(with_sign == std::numeric_limits<std::int64_t>::min());
  CHECK(takes("9223372036854775807", with_sign));
  CHECK_FALSE(takes("9223372036854775808", with_sign));
  CHECK_FALSE(takes("-9223372036854775809", with_sign));
  int number = 0;
  CHECK(takes("-2147483648", number));
  CHECK_FALSE(takes("2147483648", number));
  CHECK_FALSE(takes("-2147483649", number));
}

TEST_CASE("texts, flags and arrays of texts are of no other type") {
  std::string text;
  CHECK(takes("\"\\u0000a\"", text));
  CHECK(text.size() == 2);
  bool flag = false;
  CHECK(takes("true", flag));
  std::vector<std::string> texts;
  CHECK(takes("[\"a\",\"b\"]", texts));
  CHECK(texts == std::vector<std::string>{"a", "b"});
  for (const char* value : {"0", "null", "[true]", "{\"0\":\"a\"}"}) {
    CHECK_FALSE(takes(value, text));
    CHECK_FALSE(takes(value, flag));
    CHECK_FALSE(takes(value, texts));
  }
  CHECK_FALSE(takes("\"true\"", flag));
  CHECK_FALSE(takes("[\"a\",null]", texts));
  CHECK_FALSE(takes("\"a\"", texts));
}

TEST_CASE("the first member that is wrong is named, unknown ones are not") {
  const auto two = [](Fields& fields) {
    std::string a;
    std::uint64_t b = 0;
    fields.take("a", a);
    fields.take("b", b);
  };
  CHECK(refused(R"({"a":"","b":1,"c":null})", two).empty());
  CHECK(refused(R"({"b":1})", two) == "a");
  CHECK(refused(R"({"a":1,"b":""})", two) == "a");
  CHECK(refused(R"({"a":"","B":1})", two) == "b");
  const auto json = nlohmann::json::parse("[1]");
  Fields none(json);
  CHECK_FALSE(none.has("0"));
  two(none);
  CHECK(none.check().error().message == "'a' is missing or wrong");
}

TEST_CASE("a member may be absent or null where that is said, and nothing else") {
  std::optional<std::uint32_t> number;
  const auto if_there = [&](Fields& fields) { fields.take_if_there("x", number); };
  const auto unless_null = [&](Fields& fields) { fields.take_unless_null("x", number); };
  CHECK(refused("{}", if_there).empty());
  CHECK(refused(R"({"x":null})", unless_null).empty());
  CHECK_FALSE(number);
  CHECK(refused(R"({"x":null})", if_there) == "x");
  CHECK(refused("{}", unless_null) == "x");
  CHECK(refused(R"({"x":4294967296})", if_there) == "x");
  CHECK(refused(R"({"x":"7"})", unless_null) == "x");
  CHECK(refused(R"({"x":7})", unless_null).empty());
  CHECK(number == 7U);
}

TEST_CASE("a part with a wrong member is refused by its own name") {
  const auto take = [](Fields& fields) {
    fields.take_object("one", [](Fields& parts) {
      bool flag = false;
      parts.take("flag", flag);
    });
    fields.take_each("many", [](Fields& parts) {
      std::string name;
      parts.take("name", name);
    });
  };
  CHECK(refused(R"({"one":{"flag":true},"many":[]})", take).empty());
  CHECK(refused(R"({"one":{"flag":true},"many":[{"name":"a"},{"name":"b","x":1}]})", take).empty());
  CHECK(refused(R"({"one":{"flag":1},"many":[]})", take) == "one");
  CHECK(refused(R"({"one":[],"many":[]})", take) == "one");
  CHECK(refused(R"({"many":[]})", take) == "one");
  CHECK(refused(R"({"one":{"flag":true},"many":{}})", take) == "many");
  CHECK(refused(R"({"one":{"flag":true},"many":[[]]})", take) == "many");
  CHECK(refused(R"({"one":{"flag":true},"many":[{"name":"a"},{}]})", take) == "many");
}
