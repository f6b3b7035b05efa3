#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace indent::test {
namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

TEST_CASE("Each sentence of the contract names a test that there is") {
    std::filesystem::path here = std::filesystem::path(INDENT_SOURCE_DIR) / "tests/heap";
    std::set<std::string> tests;
    std::regex test_case("TEST_CASE\\(\\s*\"([^\"]+)\"");
    for (auto& file : std::filesystem::directory_iterator(here)) {
        std::string text = text_of(file.path());
        for (std::sregex_iterator it(text.begin(), text.end(), test_case), end; it != end; ++it)
            tests.insert((*it)[1]);
    }
    std::string readme = text_of(std::filesystem::path(INDENT_SOURCE_DIR) / "vm/heap/README.md");
    size_t from = readme.find("## The contract"), to = readme.find("## Why it is so");
    REQUIRE(from != std::string::npos);
    REQUIRE(to != std::string::npos);
    // Each point of the list: one sentence or two, a dash, names in asterisks.
    std::string contract = std::regex_replace(readme.substr(from, to - from), std::regex("\n  "), " ");
    std::regex point("\n- ([^\n]+)"), name("\\*([^*]+)\\*");
    size_t points = 0;
    for (std::sregex_iterator it(contract.begin(), contract.end(), point), end; it != end; ++it) {
        ++points;
        std::string line = (*it)[1];
        CAPTURE(line);
        size_t dash = line.find(" — ");
        REQUIRE(dash != std::string::npos);
        size_t names = 0;
        for (std::sregex_iterator n(line.begin() + std::ptrdiff_t(dash), line.end(), name); n != end;
             ++n, ++names) {
            CAPTURE((*n)[1].str());
            CHECK(tests.count((*n)[1]) == 1);
        }
        CHECK(names >= 1);
    }
    CHECK(points > 50);
}

} // namespace indent::test
