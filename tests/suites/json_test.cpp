// JSON: what is written reads back, and what is no JSON is refused.
#include "runtime/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/files.h"

namespace segue {
namespace {

using testing::caught;

TEST(Json, ValuesReadBackAsTheSameBits) {
  Json inner = Json::object();
  inner.set("z", 0.1).set("a", 1e-300).set("n", int64_t(-5));
  Json list = Json::array();
  for (const double v : {0.0, -0.0, 1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.0}) list.push(v);
  Json all = Json::object();
  all.set("list", list).set("inner", inner).set("text", "a\"\\\n\x01\xc3\xa4").set("yes", true).set("none", Json());
  all.set("large", std::numeric_limits<int64_t>::max()).set("small", std::numeric_limits<int64_t>::min());
  for (const bool pretty : {false, true}) {
    const Json back = Json::parse(all.dump(pretty), "x");
    EXPECT_EQ(back.dump(), all.dump());
    EXPECT_EQ(back.at("list").elements()[2].number(), 1.0 / 3);
    EXPECT_EQ(back.at("list").elements()[3].number(), 5e-324);
    EXPECT_TRUE(std::signbit(back.at("list").elements()[1].number()));
    EXPECT_EQ(back.text("text"), "a\"\\\n\x01\xc3\xa4");
    EXPECT_EQ(back.integer("large"), std::numeric_limits<int64_t>::max());
    EXPECT_EQ(back.integer("small"), std::numeric_limits<int64_t>::min());
    EXPECT_TRUE(back.at("none").is_null());
    EXPECT_EQ(back.members()[0].first, "list");  // order as set
  }
  EXPECT_EQ(all.dump().find('\n'), std::string::npos);
}

TEST(Json, WhatIsNotFiniteIsNull) {
  Json::Array list{NAN, INFINITY, 2.0};
  EXPECT_EQ(Json(list).dump(), "[null,null,2.0]");
}

TEST(Json, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1,}", "nan", "{'a':1}", "1 2", "\"\xff\"", "[1}"}) {
    const testing::Caught c = caught([&] { Json::parse(text, "f.json"); });
    EXPECT_EQ(c.code, 3) << text;
    EXPECT_EQ(c.what.rfind("f.json: not valid JSON at byte ", 0), 0u) << c.what;
  }
  EXPECT_EQ(caught([] { Json::parse("{\"a\":1,\"a\":2}", "f"); }).what, "f: 'a' is given twice");
  EXPECT_EQ(caught([] { Json::parse(std::string(1000000, '['), "f"); }).what, "f: nested more than 64 deep");
}

TEST(Json, MissingAndMistypedMembersAreNamed) {
  const Json j = Json::parse("{\"a\":\"x\",\"b\":1.5}", "f");
  EXPECT_EQ(caught([&] { j.integer("a"); }).what, "'a': expects an integer in JSON; got another type");
  EXPECT_EQ(caught([&] { j.integer("b"); }).what, "'b': expects an integer in JSON; got another type");
  EXPECT_EQ(caught([&] { j.number("c"); }).what, "expects 'c' in JSON; it is missing");
  EXPECT_EQ(caught([&] { Json(3).number("c"); }).code, 3);
  EXPECT_EQ(j.number("b"), 1.5);
}

}  // namespace
}  // namespace segue
