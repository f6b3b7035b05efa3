// The commands about an image's history: `indent image turns|show|diff|why|what-if|test-from|step|back|fork|lines|name|snapshot|snapshots|forget`.
#pragma once
#include "vm/base/result.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace indent {

class PastCommands {
  public:
    // Adds them to `indent image`, whose image is in `image` when the words have been read. Both outlive this.
    PastCommands(CLI::App& image_command, std::string& image);
    ~PastCommands();
    // The one that was chosen runs and answers its exit code; nothing: none was.
    bool run(int& exit_code);

  private:
    struct Command;
    std::string& image_;
    std::vector<std::unique_ptr<Command>> commands_;
};

// The answer to a question about the history (ui/main/image_past.h), from whoever has the image open, or else from the file.
Result<std::string> answer_of_image(const std::string& image, const std::string& question,
                                    const std::vector<std::string>& words);
// The same, printed. Answers the exit code.
int ask_image(const std::string& image, const std::string& question, const std::vector<std::string>& words);

} // namespace indent
