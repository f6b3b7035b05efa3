// Parcels as bytes: cells and roots, the cells numbered as they lie.
//
//   roots: count, words      cells: count, (shape, form, words, bytes, encoded words)
#pragma once
#include "image/codec/words.h"
#include "vm/actors/parcel.h"
#include <string>
#include <string_view>

namespace indent::image {

// Of a parcel that has what no image can keep, `names` says so by what it answers; null: no values.
std::string bytes_of_parcel(const Parcel* parcel, Names& names);

// False: that is none. Null where it has no values. Its layouts are those of `layout_epoch`.
[[nodiscard]] bool parcel_from(std::string_view bytes, SharedSpace& shared, uint32_t layout_epoch,
                               Names& names, Parcel::Pointer& parcel);

} // namespace indent::image
