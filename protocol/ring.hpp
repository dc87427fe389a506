#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <vector>

namespace protocol {

// A queue in one block of memory that doubles when it is full. When the last element goes a block that has grown is given back; the
// first one stays, because a session that sends one query at a time would ask for it with each. For small values; pushing
// invalidates iterators and references.
template <class T>
requires std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>
class ring {
public:
    ring() = default;
    ring(const ring&) = default;  // and no move: it would leave a size without a block
    ring& operator=(const ring&) = default;

    template <bool Const>
    class basic_iterator {
    public:
        using owner = std::conditional_t<Const, const ring, ring>;
        using iterator_category = std::random_access_iterator_tag;
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using reference = std::conditional_t<Const, const T&, T&>;
        using pointer = std::conditional_t<Const, const T*, T*>;

        basic_iterator() = default;
        basic_iterator(owner& r, difference_type at) noexcept : ring_(&r), at_(at) {}

        reference operator*() const noexcept { return (*ring_)[static_cast<std::size_t>(at_)]; }
        pointer operator->() const noexcept { return &**this; }
        reference operator[](difference_type n) const noexcept { return *(*this + n); }

        basic_iterator& operator+=(difference_type n) noexcept {
            at_ += n;
            return *this;
        }
        basic_iterator& operator-=(difference_type n) noexcept { return *this += -n; }
        basic_iterator& operator++() noexcept { return *this += 1; }
        basic_iterator& operator--() noexcept { return *this += -1; }
        basic_iterator operator++(int) noexcept { return {*ring_, at_++}; }
        basic_iterator operator--(int) noexcept { return {*ring_, at_--}; }

        friend basic_iterator operator+(basic_iterator i, difference_type n) noexcept { return i += n; }
        friend basic_iterator operator+(difference_type n, basic_iterator i) noexcept { return i += n; }
        friend basic_iterator operator-(basic_iterator i, difference_type n) noexcept { return i -= n; }
        friend difference_type operator-(basic_iterator a, basic_iterator b) noexcept { return a.at_ - b.at_; }
        friend bool operator==(basic_iterator a, basic_iterator b) noexcept { return a.at_ == b.at_; }
        friend auto operator<=>(basic_iterator a, basic_iterator b) noexcept { return a.at_ <=> b.at_; }

    private:
        owner* ring_ = nullptr;
        difference_type at_ = 0;  // counted from the front
    };
    using iterator = basic_iterator<false>;
    using const_iterator = basic_iterator<true>;

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return block_.size(); }

    // The element `i` behind the front; it has to be there, as for front(), back() and pop_front().
    T& operator[](std::size_t i) noexcept { return block_[(head_ + i) & (block_.size() - 1)]; }
    const T& operator[](std::size_t i) const noexcept { return block_[(head_ + i) & (block_.size() - 1)]; }
    T& front() noexcept { return (*this)[0]; }
    const T& front() const noexcept { return (*this)[0]; }
    T& back() noexcept { return (*this)[size_ - 1]; }
    const T& back() const noexcept { return (*this)[size_ - 1]; }

    iterator begin() noexcept { return {*this, 0}; }
    iterator end() noexcept { return {*this, static_cast<std::ptrdiff_t>(size_)}; }
    const_iterator begin() const noexcept { return {*this, 0}; }
    const_iterator end() const noexcept { return {*this, static_cast<std::ptrdiff_t>(size_)}; }

    void push_back(T value) {  // a copy: it may be an element of the block that grows
        if (size_ == block_.size()) grow();
        ++size_;
        back() = value;
    }

    void pop_front() noexcept {
        head_ = (head_ + 1) & (block_.size() - 1);
        if (--size_ == 0) clear();
    }

    void clear() noexcept {
        if (block_.size() > first_capacity) std::vector<T>().swap(block_);
        head_ = size_ = 0;
    }

private:
    static constexpr std::size_t first_capacity = 8;  // a power of two, as every one after it

    void grow() {
        std::vector<T> block(block_.empty() ? first_capacity : 2 * block_.size());
        for (std::size_t i = 0; i < size_; ++i) block[i] = (*this)[i];
        block_.swap(block);
        head_ = 0;
    }

    std::vector<T> block_;
    std::size_t head_ = 0, size_ = 0;
};

}  // namespace protocol
