#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// What a fuzz target is called where a test replays its corpus; see replays() in tests/CMakeLists.txt.
using fuzz_target = int (*)(const std::uint8_t* data, std::size_t size);

/// Gives every file of tests/fuzz/corpus/`name` to the target. What must not happen ends the program, as it does when fuzzing.
inline void replay(fuzz_target target, const std::string& name) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/tests/fuzz/corpus/" + name)) {
        SCOPED_TRACE(entry.path().string());
        std::ifstream file(entry.path(), std::ios::binary);
        // Exactly as long as the file: the sanitizer sees the first byte behind it.
        const std::vector<std::uint8_t> input{std::istreambuf_iterator<char>(file), {}};
        EXPECT_EQ(target(input.data(), input.size()), 0);
        ++count;
    }
    EXPECT_GT(count, 0u);
}
