#include <cstdlib>

#include "protocol/startup.hpp"
#include "proxy/hello.hpp"

// Any bytes as the first packets of a connection: each step makes progress, asks for more, or ends it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    protocol::bytes in(data, size);
    proxy::hello hello;
    for (;;) {
        const auto step = hello.next(in);
        using what = proxy::hello::what;
        if (step.what == what::more || step.what == what::bad) return 0;
        if (step.size == 0 || step.size > in.size()) std::abort();
        if (step.what == what::startup) (void)protocol::decode_startup(in.first(step.size));
        if (step.what != what::no) return 0;
        in = in.subspan(step.size);
    }
}
