// The examples in doc comments, as tests.
//
// A doc comment is a run of `#` lines right above a definition; what is indented by four more spaces there is one
// example text. It is taken apart by the parser, so that an example may be a block of several lines, and its
// statements and definitions run in order as inputs do, sharing their variables. A comment at the end of a
// statement's last line says what must come of it:
//     `# => TEXT`          its value, as `inspect` writes it
//     `# raises NAME`      an error of this class
#include "stdlib/sources.h"
#include "vm/os/files.h"
#include "vm/syntax/source.h"
#include "vm/world/world.h"
#include <algorithm>

namespace indent {

namespace {

struct ExampleText {
    uint32_t line = 0; // of the first line in the file, from 1
    std::string text;  // the lines between, if any are missing, are empty
};

struct Example {
    uint32_t line = 0;
    std::string text;
    std::string value;  // after =>
    std::string raises; // after raises
};

std::string_view without_margin(std::string_view line) {
    size_t begin = line.find_first_not_of(' ');
    return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
}

bool begins_with(std::string_view text, std::string_view beginning) {
    return text.substr(0, beginning.size()) == beginning;
}

bool is_definition(std::string_view line) {
    for (std::string_view word : {"@", "def ", "class ", "record ", "trait ", "field ", "extend ", "actor ",
                                  "supervisor ", "stable ", "var "})
        if (begins_with(line, word)) return true;
    return false;
}

std::vector<ExampleText> example_texts(std::string_view source) {
    constexpr std::string_view kMargin = "#     ";
    std::vector<ExampleText> found;
    ExampleText current;
    uint32_t number = 0;
    for (size_t begin = 0; begin < source.size();) {
        size_t end = std::min(source.find('\n', begin), source.size());
        std::string_view line = without_margin(source.substr(begin, end - begin));
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        begin = end + 1;
        ++number;
        if (begins_with(line, kMargin)) {
            if (current.text.empty()) current.line = number;
            current.text += line.substr(kMargin.size());
            current.text += '\n';
        } else if (begins_with(line, "#")) {
            if (!current.text.empty()) current.text += '\n';
        } else {
            if (!current.text.empty() && is_definition(line)) found.push_back(std::move(current));
            current = {};
        }
    }
    return found;
}

// What the comment at the end of a line asks for; the line's other content is none of its business.
void read_marker(std::string_view line, Example& example) {
    for (std::string_view marker : {"# => ", "# raises "}) {
        size_t at = line.rfind(marker);
        if (at == std::string_view::npos) continue;
        std::string wanted(line.substr(at + marker.size()));
        wanted.erase(wanted.find_last_not_of(" \t") + 1);
        (marker == "# => " ? example.value : example.raises) = std::move(wanted);
        return;
    }
}

// Empty, with `problem`, where the text cannot be read.
std::vector<Example> examples_of(const ExampleText& from, std::string& problem) {
    auto parsed = syntax::parse("example", from.text, syntax::ParseMode::Interactive);
    if (syntax::has_errors(parsed.diagnostics)) {
        problem = syntax::render(parsed);
        return {};
    }
    syntax::Source source("example", *parsed.tree.source);
    std::vector<uint32_t> first_lines;
    for (const auto* node : parsed.tree.top_level)
        first_lines.push_back(source.position(node->span.begin).line);
    std::sort(first_lines.begin(), first_lines.end());
    first_lines.erase(std::unique(first_lines.begin(), first_lines.end()), first_lines.end());
    std::vector<Example> found;
    for (size_t i = 0; i < first_lines.size(); ++i) {
        uint32_t after = i + 1 < first_lines.size() ? first_lines[i + 1] : source.line_count() + 1;
        Example example;
        example.line = from.line + first_lines[i] - 1;
        for (uint32_t line = first_lines[i]; line < after; ++line) {
            example.text += std::string(source.line(line)) + "\n";
            read_marker(source.line(line), example);
        }
        found.push_back(std::move(example));
    }
    return found;
}

} // namespace

void World::forget_inputs() {
    // The array stays, and with it the first variable, `_`: places are written before they are read again.
    std::erase_if(workspace_->variables, [](const auto& variable) { return variable.second != 0; });
    workspace_->places = 1;
    if (auto found = runtime_->modules.find("workspace"); found != runtime_->modules.end())
        found->second->names.clear();
}

void World::test_examples(const std::string& path, std::string_view source, Module& module,
                          TestReport& report) {
    Module& inputs = loader_->module("workspace", "workspace", false);
    for (const auto& [name, binding] : module.names) inputs.imports[name] = binding;
    for (const auto& [name, binding] : module.imports) inputs.imports[name] = binding;
    for (const auto& text : example_texts(source)) {
        std::string problem;
        auto examples = examples_of(text, problem);
        auto failed = [&](uint32_t line, const std::string& words) {
            std::string place = path + ":" + std::to_string(line) + ":1";
            report.failures.push_back({place + ": the example", words.back() == '\n' ? words : words + "\n"});
        };
        if (!problem.empty()) failed(text.line, problem);
        for (const auto& example : examples) {
            Outcome outcome = evaluate(example.text, path + ":" + std::to_string(example.line));
            if (outcome.stopped) {
                failed(example.line, outcome.text());
                return;
            }
            if (!example.raises.empty()) {
                if (outcome.error_class == example.raises)
                    ++report.passed;
                else
                    failed(example.line, "expected " + example.raises + ", but came " +
                                             (outcome.ok ? outcome.value : outcome.text()));
            } else if (!outcome.ok) {
                failed(example.line, outcome.text());
            } else if (!example.value.empty()) {
                if (outcome.value == example.value)
                    ++report.passed;
                else
                    failed(example.line, "expected " + example.value + ", but came " + outcome.value);
            }
        }
        forget_inputs();
    }
}

bool World::test_library_file(const std::string& path, TestReport& report, Outcome& outcome) {
    auto text = os::read_file(path, kMostSourceBytes);
    if (!text) return false;
    for (const auto& source : library_) {
        if (source.text != *text) continue;
        read_library_module("std." + module_name_of(source.path));
        auto found = runtime_->modules.find("std." + module_name_of(source.path));
        if (found == runtime_->modules.end()) return false;
        test_examples(path, *text, *found->second, report);
        outcome.ok = true;
        return true;
    }
    return false;
}

} // namespace indent
