// An image and programs that have another library than the one that it has run with.
#include "ui/main/image_actors.h"
#include "ui/main/image_home.h"
#include "ui/main/image_store.h"
#include "ui/main/past_words.h"
#include "vm/os/files.h"
#include "vm/os/thread.h"
#include "vm/session/session.h"
#include "vm/world/world.h"
#include <cstdlib>
#include <doctest/doctest.h>

using namespace indent;
using namespace indent::protocol;

namespace {

using Library = std::vector<LibraryText>;

// That of this program, with a file of these contents more.
Library with(const std::string& gadget) {
    Library library = library_of_program();
    if (!gadget.empty()) library.push_back({"library/gadget.ind", gadget});
    return library;
}

// The text of a file of it, to be edited.
std::string& text_in(Library& library, std::string_view path) {
    for (LibraryText& text : library)
        if (text.path == path) return text.text;
    FAIL("there is no " << path);
    return library[0].text;
}

const std::string kGadget = R"(# Something of the library.
class Gadget:
    field size = 1
    def twice = size * 2
)";
const std::string kWithColour = R"(# Something of the library.
class Gadget:
    field size = 1
    field colour = :red
    def twice = size * 20
)";
const char* kHolder = R"(module holder
actor Holder:
    state it = Gadget()
    state kept = nil
    on twice = it.twice
    on colour = it.colour
    on keep(what): kept = what
    on use = kept(1)
once:
    spawn Holder() as :holder
)";

// A program that has the image open; on the thread of a world.
class Program {
  public:
    Program(const std::string& path, Library library)
        : store_([&] {
              auto image = os::exists(path) ? image::Image::open(path) : image::Image::create(path);
              REQUIRE(image);
              return std::move(*image);
          }()),
          actors_(store_.image(), store_.mutex(), store_) {
        REQUIRE(trust(store_.image()));
        Session::Options options{"9.9"};
        options.story = &actors_;
        options.library = std::move(library);
        auto made = Session::make(
            store_,
            [this](Message message) {
                if (auto* reply = std::get_if<Reply>(&message))
                    reply_ = std::move(*reply);
                else if (auto* trouble = std::get_if<Trouble>(&std::get<Event>(message)))
                    told += trouble->message;
            },
            std::move(options));
        if (!made) FAIL(made.failure().message);
        session_ = std::move(*made);
    }

    std::string value(const std::string& text) {
        session_->serve({++id_, Evaluate{"workspace", text}});
        auto& result = std::get<Evaluated>(reply_.body);
        if (result.outcome == Evaluated::Outcome::Value) return result.text;
        std::string words = "!" + result.report;
        for (const auto& diagnostic : result.diagnostics) words += diagnostic.message;
        return words;
    }
    void load(const std::string& module, const std::string& text) {
        session_->serve({++id_, Load{{{module, "", text}}}});
        auto& loaded = std::get<Loaded>(reply_.body);
        INFO(loaded.problem);
        REQUIRE(loaded.taken);
    }
    std::string past(const std::string& question, const std::vector<std::string>& words) {
        session_->serve({++id_, AskPast{question, words}});
        auto* answer = std::get_if<Told>(&reply_.body);
        return answer ? answer->text : "!" + std::get<Failed>(reply_.body).message;
    }
    std::string go_back(const std::string& where) {
        session_->serve({++id_, GoBack{where, ""}});
        auto* answer = std::get_if<Told>(&reply_.body);
        return answer ? answer->text : "!" + std::get<Failed>(reply_.body).message;
    }
    std::string source(const std::string& module) {
        session_->serve(
            {++id_, GetSource{module, ""}}); // of the library: split when its definitions are asked for
        session_->serve({++id_, ListDefinitions{module}});
        session_->serve({++id_, GetSource{module, ""}});
        return std::get<Source>(reply_.body).text;
    }
    size_t epochs() { return store_.epochs()->size(); }
    std::string last_change() { return store_.epochs()->back().what; }
    bool says(const std::string& words) const { return told.find(words) != std::string::npos; }

    std::string told;

  private:
    ImageStore store_;
    ImageActors actors_;
    uint64_t id_ = 0;
    Reply reply_;
    std::unique_ptr<Session> session_;
};

struct Place {
    os::TemporaryFolder folder = os::TemporaryFolder::make().value();
    std::string path = folder.path() + "/t.image";
};

// A world needs its stack.
void in_a_world(const std::function<void(const std::string& path)>& work) {
    Place place;
    setenv("XDG_DATA_HOME", place.folder.path().c_str(), 1); // whose images these are
    auto thread = os::Thread::start("test", kThreadStack, [&] { work(place.path); });
    REQUIRE(thread);
    thread->join();
}

} // namespace

TEST_CASE("the same library is no reload, and an image says nothing of it") {
    in_a_world([](const std::string& path) {
        {
            Program program(path, with(kGadget));
            program.load("holder", kHolder);
            CHECK(program.value("ask actor(:holder).twice") == "2");
        }
        Program program(path, with(kGadget));
        CHECK(program.told == "");
        CHECK(program.epochs() == 1);
        CHECK(program.value("ask actor(:holder).twice") == "2");
        CHECK(program.source("std.gadget") == kGadget);
    });
}

TEST_CASE("another library is taken as a reload: objects in actors and variables follow, and it is told") {
    in_a_world([](const std::string& path) {
        {
            Program program(path, with(kGadget));
            program.load("holder", kHolder);
            CHECK(program.value("mine = Gadget(size: 7)\nask actor(:holder).twice") == "2");
        }
        {
            Program program(path, with(kWithColour));
            CHECK(program.says("the library of indent 9.9"));
            CHECK(program.says("was taken"));
            CHECK(program.says("std.gadget: generation 2"));
            CHECK(program.says("Gadget: carries size; adds colour"));
            CHECK(program.last_change() == "the library of indent 9.9");
            CHECK(program.epochs() == 2);
            CHECK(program.value("ask actor(:holder).twice") == "20");
            CHECK(program.value("ask actor(:holder).colour") == ":red");
            CHECK(program.value("mine.colour") == ":red");
            CHECK(program.value("Gadget().colour") == ":red");
            CHECK(program.source("std.gadget") == kWithColour);
            // What was before has a name, and the library of then.
            CHECK(program.past("snapshots", {}).find("before 2: the library of indent 9.9") !=
                  std::string::npos);
            CHECK(program.past("show", {"1", "Gadget(size: 3).twice"}) == "6\n");
            CHECK(program.past("show", {"now", "Gadget(size: 3).twice"}) == "60\n");
        }
        {
            Program program(path, with(kWithColour)); // it is the image's now
            CHECK(program.told == "");
            CHECK(program.value("ask actor(:holder).twice") == "20");
            CHECK(program.value("mine.twice") == "140");
            // And back, with the library of then.
            CHECK(program.go_back("1").find("went back") == 0);
            CHECK(program.value("ask actor(:holder).twice") == "2");
            CHECK(program.value("Gadget(size: 3).twice") == "6");
        }
        Program program(path, with(kWithColour)); // offered once more
        CHECK(program.says("was taken"));
        CHECK(program.value("ask actor(:holder).colour") == ":red");
    });
}

TEST_CASE("a library that does not fit is refused with the reason, and the image goes on with the one that "
          "it had") {
    in_a_world([](const std::string& path) {
        {
            Program program(path, with(kGadget));
            program.load("holder", kHolder);
            program.load("adds", "module adds\nextend Gadget:\n    def thrice = self.twice + 1\ndef three = "
                                 "Gadget().thrice\n");
            program.value("ask actor(:holder).twice");
        }
        size_t epochs = 0;
        auto refused = [&](const Library& library, const std::string& why) {
            Program program(path, library);
            CAPTURE(why);
            CAPTURE(program.told);
            CHECK(program.says("was refused"));
            CHECK(program.says(why));
            CHECK(program.says("goes on with the library that it had"));
            CHECK(program.value("ask actor(:holder).twice") == "2");
            CHECK(program.value("Gadget(size: 2).twice") == "4");
            CHECK(program.value("adds.three") == "3");
            CHECK(program.value("[3, 1, 2].sorted") == "[1, 2, 3]");
            CHECK(program.source("std.gadget") == kGadget);
            if (epochs == 0) epochs = program.epochs();
            CHECK(program.epochs() == epochs);
        };
        // A field that perhaps is another one's new name, of objects that there are.
        std::string renamed = kGadget;
        renamed.replace(renamed.find("size = 1"), 8, "width = 1");
        renamed.replace(renamed.find("size * 2"), 8, "width * 2");
        refused(with(renamed), "renamed");
        // A migrator that fails for what there is.
        refused(with(kGadget + "    field more = 1\n    def migrate_state(old, version) = {size: 1 / 0}\n"),
                "ZeroDivide");
        refused(with(""), "nothing defines a class, record or actor `Gadget`");
        // What a module of the image adds itself.
        refused(with(kGadget + "    def thrice = 1\n"), "Gadget.thrice");
        refused(with(kGadget + "    @primitive\n    def nothing_like_it\n"),
                "no primitive for Gadget.nothing_like_it");
        refused(with(kGadget + "def broken = (\n"), "library/gadget.ind:5:14");
        // The same is not tried again before something has changed.
        const Library bad = with(kGadget + "    def thrice = 1\n");
        {
            Program program(path, bad);
            CHECK(program.says("was refused"));
        }
        {
            Program program(path, bad);
            CHECK(program.told == "");
            CHECK(program.value("ask actor(:holder).twice") == "2");
            program.load("other", "module other\n");
        }
        Program program(path, bad);
        CHECK(program.says("was refused"));
    });
}

TEST_CASE("a class of the library that goes while objects of it live is refused") {
    in_a_world([](const std::string& path) {
        {
            Program program(path, with(kGadget));
            program.load("other", "module other\n");
            CHECK(program.value("mine = [Gadget(size: 2)]\nmine[0].twice") == "4");
        }
        for (const std::string& without :
             {std::string(), std::string("# Something else.\ndef gadgets = 1\n")}) {
            Program program(path, with(without));
            CHECK(program.says("was refused"));
            CHECK(program.says("`Gadget` is gone from `std.gadget`, and 1 object of it lives"));
            CHECK(program.value("mine[0].twice") == "4");
        }
        {
            Program program(path, with(kGadget));
            program.value("mine = nil\nnil");
            program.load("other", "module other\ndef one = 1\n");
        }
        {
            Program program(path, with(""));
            CAPTURE(program.told);
            CHECK(program.says("was taken"));
            const std::string gone = program.value("Gadget()");
            CAPTURE(gone);
            CHECK(gone.find("nothing defines a class, record or actor `Gadget`") != std::string::npos);
            CHECK(program.value("other.one") == "1");
        }
        Program program(path, with(""));
        CHECK(program.told == "");
    });
}

TEST_CASE("names that the library takes away are missed by modules that use them") {
    in_a_world([](const std::string& path) {
        {
            Program program(path, with(kGadget + "def gadgets = 17\n"));
            program.load("uses", "module uses\ndef all = gadgets()\n");
            CHECK(program.value("uses.all") == "17");
        }
        {
            Program program(path, with(kGadget));
            CHECK(program.says("was refused"));
            CHECK(program.says("nothing defines `gadgets`"));
            CHECK(program.says("in `uses`"));
            CHECK(program.value("uses.all") == "17");
            CHECK(program.value("gadgets()") == "17");
            program.load("uses", "module uses\ndef all = 1\n");
        }
        Program program(path, with(kGadget));
        CHECK(program.says("was taken"));
        CHECK(program.value("uses.all") == "1");
        CHECK(program.value("gadgets()").find("nothing defines `gadgets`") != std::string::npos);
    });
}

TEST_CASE("the core of the library can change, too: classes that are built in, and what subclasses of the "
          "image have") {
    in_a_world([](const std::string& path) {
        Library before = with(kGadget);
        {
            Program program(path, before);
            program.load(
                "mine",
                "module mine\nclass Mine extends Gadget:\n    field name = \"x\"\n    def both = [size, "
                "name]\n"
                "actor Keeper:\n    state it = Mine(size: 4)\n    state list = [1, 2]\n"
                "    on both = it.both\n    on more = list.shine\nonce:\n    spawn Keeper() as :keeper\n");
            CHECK(program.value("ask actor(:keeper).both") == "[4, \"x\"]");
        }
        Library after = with(kWithColour);
        text_in(after, "core/list.ind") += "\nextend List:\n    def shine = \"{self} shines\"\n";
        {
            Program program(path, after);
            CAPTURE(program.told);
            CHECK(program.says("was taken"));
            CHECK(program.says("std.list: generation 2"));
            CHECK(program.value("ask actor(:keeper).both") == "[4, \"x\"]");
            CHECK(program.value("ask actor(:keeper).more") == "\"[1, 2] shines\"");
            CHECK(program.value("[1, 2, 3].map(x -> x * 2).sum") == "12");
            CHECK(program.value("[3, 1, 2].sorted") == "[1, 2, 3]");
            CHECK(program.value("mine.Mine().colour") == ":red");
            CHECK(program.value("for x in [1, 2]: x\n[5].shine") == "\"[5] shines\"");
        }
        Program program(path, after);
        CHECK(program.told == "");
        CHECK(program.value("ask actor(:keeper).both") == "[4, \"x\"]");
        CHECK(program.value("[7].shine") == "\"[7] shines\"");
    });
}

TEST_CASE("a block of the library that an actor keeps would lose its code, and is named") {
    in_a_world([](const std::string& path) {
        const std::string maker = kGadget + "def adder(n) = x -> x + n\n";
        {
            Program program(path, with(maker));
            program.load("holder", kHolder);
            program.value("ask actor(:holder).keep(adder(5))");
            CHECK(program.value("ask actor(:holder).use") == "6");
        }
        {
            Program program(path, with(maker + "def more = 1\n"));
            CAPTURE(program.told);
            CHECK(program.says("was refused"));
            CHECK(program.says("blocks of the library are kept"));
            CHECK(program.says(":holder"));
            CHECK(program.value("ask actor(:holder).use") == "6");
            program.value("ask actor(:holder).keep(nil)");
            program.load("other", "module other\n");
        }
        Program program(path, with(maker + "def more = 1\n"));
        CHECK(program.says("was taken"));
        CHECK(program.value("more()") == "1");
    });
}

TEST_CASE("A library that has lost its core is none: a world is not made with it, and does not take it") {
    WorldOptions options;
    options.library = {{"library/gadget.ind", kGadget}};
    auto made = World::make(options);
    REQUIRE_FALSE(made);
    CHECK(made.failure().code == "damaged");
    auto world = World::make(WorldOptions());
    REQUIRE(world);
    const ReloadReport report = (*world)->take_library({{"library/gadget.ind", kGadget}});
    CHECK_FALSE(report.ok);
    CHECK((*world)->evaluate("1 + 1").value == "2");
}

TEST_CASE("A program that ended before a reload was told as followed goes on with variables of before it") {
    in_a_world([](const std::string& path) {
        {
            Program program(path, library_of_program());
            program.load("shop", "module shop\nclass Item:\n    field size = 1\n");
            CHECK(program.value("first = [\"one\", \"two\"].frozen\nmine = shop.Item()\nfirst.size") == "2");
        }
        {
            auto image = image::Image::open(path);
            REQUIRE(image);
            auto modules = (*image)->modules();
            REQUIRE(modules);
            std::erase_if(*modules, [](const image::ModuleRecord& module) { return module.path != "shop"; });
            REQUIRE(modules->size() == 1);
            bool is_edited = false;
            for (auto& definition : modules->front().definitions)
                if (const size_t at = definition.text.find("    field size"); at != std::string::npos) {
                    definition.text.insert(at, "    field colour = :red\n");
                    is_edited = true;
                }
            REQUIRE(is_edited);
            REQUIRE((*image)->commit("another field", *modules));
        }
        Program program(path, library_of_program());
        CHECK(program.value("[mine.size, mine.colour, first]") == "[1, :red, [\"one\", \"two\"]]");
    });
}
