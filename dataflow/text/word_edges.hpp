#pragma once

#include <cstdint>
#include <string_view>

namespace crema::internal {

/// Which bytes belong to words: all but ASCII whitespace, or ASCII letters, digits and those above 127.
enum class word_rule : std::uint8_t { no_spaces, letters };

/// Finds where the words of a line begin and end, 64 bytes at a time: bit i % 64 of edges[i / 64] says that one does at
/// byte i. Behind the line two more edges are set, at size + 1 and size + 2, so that a search for the next needs no
/// bound. Of `edges`, size / 64 + 2 are written.
///
/// Of `word_rule::letters`, `lowered` gets the line with its ASCII letters lowercased, and up to 64 bytes of anything
/// behind it. Pure. The widest vectors of the processor at hand are used; the result is the same.
void find_word_edges(word_rule rule, std::string_view line, char* lowered, std::uint64_t* edges);

/// The same without instructions beyond the x86-64 baseline.
void find_word_edges_baseline(word_rule rule, std::string_view line, char* lowered, std::uint64_t* edges);

} // namespace crema::internal
