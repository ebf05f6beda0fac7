#include "dataflow/block/batch_format.hpp"

#include <fmt/core.h>

#include <cstddef>
#include <cstring>
#include <iterator>
#include <string>

#include <xxhash.h>

namespace crema::internal {

namespace {

constexpr std::uint8_t batch_version = 1;

// As drawn in docs/wire.md. The checksum stands before all that it covers but the tag, which is its seed: one call.
struct header {
  std::uint64_t tag; // "CRB", version, kind, three zeros
  std::uint64_t checksum;
  std::uint64_t count;
  std::uint64_t length;
};
static_assert(sizeof(header) == batch_header_size);

constexpr std::size_t covered = offsetof(header, count);

constexpr std::uint64_t tag_of(std::uint64_t version, batch_kind kind) {
  return std::uint64_t{'C'} | std::uint64_t{'R'} << 8 | std::uint64_t{'B'} << 16 | version << 24
         | static_cast<std::uint64_t>(kind) << 32;
}

const char* name_of(std::uint64_t kind) {
  constexpr const char* names[] = {"packed", "field by field", "archived", "one thing"};
  return kind < std::size(names) ? names[kind] : "of an unknown kind";
}

void check_tag(const byte_reader& in, std::uint64_t tag, batch_kind kind) {
  if ((tag & 0xffffff) != (tag_of(0, batch_kind::packed) & 0xffffff))
    in.fail("no batch of records begins here (a batch begins with CRB)");
  if (const auto version = tag >> 24 & 0xff; version != batch_version)
    in.fail(fmt::format("a batch of version {}, this build reads version {},", version, batch_version).c_str());
  if (tag != tag_of(batch_version, kind))
    in.fail(fmt::format("a batch whose records are {}, where they should be {}", name_of(tag >> 32),
                        name_of(static_cast<std::uint64_t>(kind)))
              .c_str());
}

} // namespace

std::size_t begin_batch(byte_writer& out, batch_kind kind, std::size_t count) {
  const auto start = out.size();
  const header unfinished{tag_of(batch_version, kind), 0, count, 0};
  out.put(&unfinished, sizeof(unfinished));
  if (kind == batch_kind::archived)
    out.put(&unfinished.length, sizeof(unfinished.length));
  return start;
}

void put_archive(byte_writer& out, std::size_t start, std::span<const std::byte> archive) {
  const std::uint64_t length = archive.size();
  out.patch(start + sizeof(header), &length, sizeof(length));
  out.put(archive.data(), archive.size());
}

void end_batch(byte_writer& out, std::size_t start) {
  header finished;
  const auto bytes = out.bytes().subspan(start);
  std::memcpy(&finished, bytes.data(), sizeof(finished));
  finished.length = bytes.size() - sizeof(finished);
  out.patch(start + offsetof(header, length), &finished.length, sizeof(finished.length));
  finished.checksum = XXH3_64bits_withSeed(bytes.data() + covered, bytes.size() - covered, finished.tag);
  out.patch(start + offsetof(header, checksum), &finished.checksum, sizeof(finished.checksum));
}

batch_view open_batch(byte_reader& in, batch_kind kind, std::size_t record_bytes) {
  auto rest = in;
  header head;
  const auto start = rest.take(sizeof(head));
  std::memcpy(&head, start.data(), sizeof(head));
  check_tag(in, head.tag, kind);
  if (head.length > rest.remaining())
    rest.fail(fmt::format("a batch of {} bytes is cut off", std::uint64_t{head.length}).c_str());
  const auto payload = rest.take(static_cast<std::size_t>(head.length));
  if (XXH3_64bits_withSeed(start.data() + covered, sizeof(head) - covered + payload.size(), head.tag) != head.checksum)
    in.fail("the checksum of a batch differs: its bytes have changed since they were written,");

  batch_view batch{0, byte_reader{payload}, {}};
  if (kind == batch_kind::archived) {
    std::uint64_t archive_length = 0;
    batch.payload.copy(&archive_length, sizeof(archive_length));
    if (archive_length > batch.payload.remaining())
      in.fail("an archive is longer than its batch");
    const auto fields = batch.payload.take(batch.payload.remaining() - static_cast<std::size_t>(archive_length));
    batch.archive = batch.payload.take(batch.payload.remaining());
    batch.payload = byte_reader{fields};
  }
  const auto room = batch.payload.remaining();
  if (head.count > room / record_bytes || (head.count == 0 && room != 0)
      || (kind == batch_kind::packed && head.count * record_bytes != room))
    in.fail(fmt::format("a batch of {} records does not fit its length", std::uint64_t{head.count}).c_str());
  batch.count = static_cast<std::size_t>(head.count);
  in = rest;
  return batch;
}

} // namespace crema::internal
