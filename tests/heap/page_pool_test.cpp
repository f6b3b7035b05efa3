// Pages that were made ready are ordinary pages.
#include "vm/heap/page_pool.h"
#include <cstring>
#include <doctest/doctest.h>
#include <set>
#include <vector>

using namespace indent;

TEST_CASE("pages that were made ready are taken first, and given back like others") {
    PagePool pool;
    std::vector<void*> pages;
    for (int round = 0; round < 3; ++round) {
        unsigned asked = 0;
        pool.prepare([&] { return ++asked != 0; });
        CHECK(asked > 0);
        pool.prepare([&] { return ++asked != 0; }); // there are many now
        const unsigned before = asked;
        for (int i = 0; i < 60; ++i) {
            pages.push_back(pool.take(true));
            REQUIRE(pages.back());
            std::memset(pages.back(), round + 1, kPageBytes);
        }
        CHECK(asked == before);
    }
    CHECK(pool.pages_in_use() == pages.size());
    CHECK(std::set<void*>(pages.begin(), pages.end()).size() == pages.size());
    for (size_t i = 0; i < pages.size(); ++i) {
        CHECK(*static_cast<unsigned char*>(pages[i]) == i / 60 + 1);
        pool.give_back(pages[i]);
    }
    CHECK(pool.pages_in_use() == 0);
}

TEST_CASE("pages are not made ready for somebody who does not want them any more") {
    PagePool pool;
    pool.prepare([] { return false; });
    CHECK(pool.pages_in_use() == 0);
    void* page = pool.take();
    REQUIRE(page);
    pool.give_back(page);
}
