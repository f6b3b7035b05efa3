// Lines from a person or a pipe: editing, history and completion where there is a terminal (libedit).
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace indent::ui {

class LineReader {
  public:
    // What may stand in place of the word that ends `before_cursor`: whole words, and how many bytes of the text
    // they replace.
    struct Completions {
        size_t replaced = 0;
        std::vector<std::string> words;
    };
    using Complete = std::function<Completions(const std::string& before_cursor)>;

    // history_file may be empty. Not interactive: plain lines of standard input, no prompt.
    LineReader(bool interactive, std::string history_file, Complete complete);
    ~LineReader();
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;

    // The next line without its end; nothing at the end of input, or when Ctrl-C was pressed: see interrupted().
    std::optional<std::string> read(const std::string& prompt);
    bool interrupted() const;                // whether Ctrl-C ended the last read
    void remember(const std::string& input); // into the history

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace indent::ui
