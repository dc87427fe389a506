#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace proxy {

// A piece of the gate's work that spans several exchanges with the server, written as straight code: ask for
// facts, decide, set timeouts, go on. Nothing runs by itself: the gate resumes a task when what it waits for has
// come, and destroying the outermost task ends all of them. No I/O, no threads; once per judged statement, never per message.
template <class T>
class [[nodiscard]] task;

namespace detail {

struct promise_base {
    std::coroutine_handle<> continuation;
    std::exception_ptr failure;

    struct resume_caller {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            auto next = self.promise().continuation;
            return next ? next : std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    resume_caller final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct promise : promise_base {
    std::optional<T> value;
    task<T> get_return_object() noexcept;
    template <class U>
    void return_value(U&& v) {
        value.emplace(std::forward<U>(v));
    }
    T take() { return std::move(*value); }
};

template <>
struct promise<void> : promise_base {
    task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() const noexcept {}
};

}  // namespace detail

template <class T>
class [[nodiscard]] task {
public:
    using promise_type = detail::promise<T>;
    using handle = std::coroutine_handle<promise_type>;

    task() = default;
    explicit task(handle h) noexcept : handle_(h) {}
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~task() {
        if (handle_) handle_.destroy();
    }

    explicit operator bool() const noexcept { return handle_ != nullptr; }
    bool done() const noexcept { return handle_.done(); }
    void start() { handle_.resume(); }
    // Throws what escaped the coroutine; call when done().
    T result() {
        if (handle_.promise().failure) std::rethrow_exception(handle_.promise().failure);
        return handle_.promise().take();
    }

    // co_await of a task starts it and goes on when it has ended.
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        handle_.promise().continuation = caller;
        return handle_;
    }
    T await_resume() { return result(); }

private:
    handle handle_ = nullptr;
};

template <class T>
task<T> detail::promise<T>::get_return_object() noexcept {
    return task<T>{std::coroutine_handle<promise<T>>::from_promise(*this)};
}
inline task<void> detail::promise<void>::get_return_object() noexcept {
    return task<void>{std::coroutine_handle<promise<void>>::from_promise(*this)};
}

}  // namespace proxy
