// The metadata of segue's weight files.
#pragma once

#include <map>
#include <string>

#include "model_file.h"

namespace segue {

/// Notes of a file, by key. Both ways lose nothing but what the tensors themselves tell: aux, blocks, filters.
std::map<std::string, std::string> notes_of(const SegmenterInfo& info);
std::map<std::string, std::string> notes_of(const GeneratorInfo& info);

/// What a file's notes say, over what is in `info`. Throws data, naming the file and the key, for what cannot be meant.
void apply_notes(const SafeTensors& file, SegmenterInfo& info);
void apply_notes(const SafeTensors& file, GeneratorInfo& info);

/// The note "segue.width", 0 without: it comes before the rest, because recognition needs it.
double width_note(const SafeTensors& file);
/// True if the file has segue's notes.
bool has_notes(const SafeTensors& file);

}  // namespace segue
