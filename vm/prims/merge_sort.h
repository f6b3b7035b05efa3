// A stable merge sort whose comparison may do anything: run code, throw, and contradict itself. It only moves
// what it was given, so the result is always a permutation, and it makes about n log2 n comparisons, n for what
// is sorted already.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

namespace indent {

// `before(a, b)`: a must stand before b.
template <class T, class Before>
void merge_sort(std::vector<T>& items, Before before) {
    constexpr size_t kRun = 6;
    size_t size = items.size();
    for (size_t start = 0; start < size; start += kRun) {
        size_t end = std::min(size, start + kRun);
        for (size_t i = start + 1; i < end; ++i) {
            T item = items[i];
            size_t to = i;
            for (; to > start && before(item, items[to - 1]); --to) items[to] = items[to - 1];
            items[to] = item;
        }
    }
    std::vector<T> merged(size);
    for (size_t width = kRun; width < size; width *= 2) {
        for (size_t start = 0; start < size; start += 2 * width) {
            size_t middle = std::min(size, start + width), end = std::min(size, start + 2 * width);
            size_t left = start, right = middle, to = start;
            if (middle < end && before(items[middle], items[middle - 1]))
                while (left < middle && right < end)
                    merged[to++] = before(items[right], items[left]) ? items[right++] : items[left++];
            to = size_t(std::copy(items.begin() + left, items.begin() + middle, merged.begin() + to) -
                        merged.begin());
            std::copy(items.begin() + right, items.begin() + end, merged.begin() + to);
        }
        items.swap(merged);
    }
}

} // namespace indent
