#include "ui/cli/line_reader.h"
#include <cerrno>
#include <cstdio>
#include <histedit.h>
#include <iostream>

namespace indent::ui {

struct LineReader::State {
    bool interactive = false;
    std::string history_file;
    Complete complete;
    EditLine* editor = nullptr;
    History* history = nullptr;
    std::string prompt;
    bool interrupted = false;
};

namespace {

// libedit hands its functions the editor; what belongs to it hangs on it.
struct Attached {
    std::string* prompt;
    LineReader::Complete* complete;
};

Attached& attached(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Attached*>(data);
}

char* prompt_of(EditLine* editor) {
    return attached(editor).prompt->data();
}

unsigned char complete_word(EditLine* editor, int) {
    const LineInfo* line = el_line(editor);
    std::string before(line->buffer, line->cursor);
    if (before.find_first_not_of(' ') == std::string::npos) { // at the beginning a tab indents
        el_insertstr(editor, "    ");
        return CC_REFRESH;
    }
    auto found = (*attached(editor).complete)(before);
    if (found.words.empty() || found.replaced > before.size()) return CC_ERROR;
    std::string common = found.words[0];
    for (const auto& word : found.words) {
        size_t same = 0;
        while (same < common.size() && same < word.size() && common[same] == word[same]) ++same;
        common.resize(same);
    }
    if (common.size() > found.replaced) {
        el_insertstr(editor, common.substr(found.replaced).c_str());
        return CC_REFRESH;
    }
    std::printf("\n");
    for (const auto& word : found.words) std::printf("%s  ", word.c_str());
    std::printf("\n");
    return CC_REDISPLAY;
}

} // namespace

LineReader::LineReader(bool interactive, std::string history_file, Complete complete) : state_(new State) {
    state_->interactive = interactive;
    state_->history_file = std::move(history_file);
    state_->complete = std::move(complete);
    if (!interactive) return;
    state_->editor = el_init("indent", stdin, stdout, stderr);
    state_->history = history_init();
    HistEvent event;
    history(state_->history, &event, H_SETSIZE, 2000);
    history(state_->history, &event, H_SETUNIQUE, 1);
    if (!state_->history_file.empty()) history(state_->history, &event, H_LOAD, state_->history_file.c_str());
    el_set(state_->editor, EL_CLIENTDATA, new Attached{&state_->prompt, &state_->complete});
    el_set(state_->editor, EL_PROMPT, prompt_of);
    el_set(state_->editor, EL_EDITOR, "emacs");
    el_set(state_->editor, EL_HIST, history, state_->history);
    el_set(state_->editor, EL_SIGNAL, 1);
    el_set(state_->editor, EL_ADDFN, "complete-word", "Complete the word", complete_word);
    el_set(state_->editor, EL_BIND, "^I", "complete-word", nullptr);
    el_set(state_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineReader::~LineReader() {
    if (!state_->editor) return;
    HistEvent event;
    if (!state_->history_file.empty()) history(state_->history, &event, H_SAVE, state_->history_file.c_str());
    delete &attached(state_->editor);
    history_end(state_->history);
    el_end(state_->editor);
}

std::optional<std::string> LineReader::read(const std::string& prompt) {
    std::string line;
    if (!state_->interactive) {
        if (!std::getline(std::cin, line)) return std::nullopt;
        return line;
    }
    state_->prompt = prompt;
    int count = 0;
    errno = 0;
    const char* text = el_gets(state_->editor, &count);
    state_->interrupted = !text && errno == EINTR;
    if (!text || count <= 0) return std::nullopt;
    line.assign(text, size_t(count));
    if (!line.empty() && line.back() == '\n') line.pop_back();
    return line;
}

bool LineReader::interrupted() const {
    return state_->interrupted;
}

void LineReader::remember(const std::string& input) {
    if (!state_->history || input.empty()) return;
    HistEvent event;
    history(state_->history, &event, H_ENTER, input.c_str());
}

} // namespace indent::ui
