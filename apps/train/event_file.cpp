#include "event_file.h"

#include <unistd.h>

#include <chrono>
#include <cstring>

#include "kernels/error.h"
#include "runtime/crc32c.h"

namespace segue {
namespace {

// Protocol buffers: a field is its number and wire type, then a varint (0), 8 bytes (1), bytes with their length (2) or
// 4 bytes (5). Source: protobuf.dev, "Encoding"; field numbers: tensorflow/core/util/event.proto, framework/summary.proto.

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::string varint(uint64_t v) {
  std::string bytes;
  for (; v >= 128; v >>= 7) bytes += char(v | 128);
  return bytes + char(v);
}
std::string tag(int field, int wire) { return varint(uint64_t(field) << 3 | uint64_t(wire)); }
std::string number(int field, int64_t v) { return tag(field, 0) + varint(uint64_t(v)); }
std::string number(int field, double v) { return tag(field, 1) + raw(v); }
std::string number(int field, float v) { return tag(field, 5) + raw(v); }
std::string bytes(int field, std::string_view v) { return tag(field, 2) + varint(v.size()) + std::string(v); }

// Checksums of what may hold checksums are rotated and offset. Source: tensorflow/core/lib/hash/crc32c.h.
uint32_t masked(std::string_view v) {
  const uint32_t c = crc32c(v.data(), v.size());
  return ((c >> 15) | (c << 17)) + 0xa282ead8u;
}

std::string file_name() {
  static int count = 0;
  char host[256] = "host";
  gethostname(host, sizeof host - 1);
  for (char* p = host; *p; ++p)
    if (*p == '/') *p = '_';
  char text[400];
  std::snprintf(text, sizeof text, "events.out.tfevents.%010lld.%s.%d.%d", static_cast<long long>(time(nullptr)), host,
                int(getpid()), count++);
  return text;
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string summary(const std::string& values) { return bytes(5, values); }
std::string value(const std::string& name, const std::string& content) { return bytes(1, bytes(1, name) + content); }

constexpr int64_t kRgb = 3, kStarted = 1, kString = 7;

}  // namespace

EventFile::EventFile(const std::string& folder, int64_t first_step)
    : file_(std::make_unique<AppendFile>(folder + "/" + file_name())) {
  write(0, bytes(3, "brain.Event:2") + bytes(10, bytes(1, "segue")));
  if (first_step > 0) write(first_step, bytes(7, number(1, kStarted)));
}

void EventFile::scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  std::string all;
  for (const auto& [name, v] : values) all += value(name, number(2, float(v)));
  write(step, summary(all));
}

void EventFile::image(int64_t step, const std::string& tag, std::string_view png, int64_t height, int64_t width) {
  write(step, summary(value(tag, bytes(4, number(1, height) + number(2, width) + number(3, kRgb) + bytes(4, png)))));
}

void EventFile::text(int64_t step, const std::string& tag, std::string_view text) {
  const std::string shape = bytes(2, bytes(2, number(1, int64_t(1)))), plugin = bytes(1, bytes(1, "text"));
  write(step, summary(value(tag, bytes(8, number(1, kString) + shape + bytes(8, text)) + bytes(9, plugin))));
}

void EventFile::write(int64_t step, const std::string& fields) {
  const std::string event = number(1, now()) + number(2, step) + fields;
  const std::string length = raw(uint64_t(event.size()));
  file_->append(length + raw(masked(length)) + event + raw(masked(event)));
}

}  // namespace segue
