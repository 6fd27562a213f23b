internal import Glibc

/// Finds a method by the bytes of its path: exact, case-sensitive, no normalisation.
/// Built once; a look-up allocates nothing.
package struct PathTable: Sendable {
    private var slots: [Int32]
    private let mask: Int
    private let paths: [[UInt8]]

    package init(_ paths: [String]) {
        self.paths = paths.map { Array($0.utf8) }
        var capacity = 8
        while capacity < paths.count * 4 { capacity *= 2 }
        mask = capacity - 1
        slots = Array(repeating: -1, count: capacity)
        for (index, path) in self.paths.enumerated() {
            var slot = path.withUnsafeBytes(Self.hash) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(index)
        }
    }

    package func index(of path: UnsafeRawBufferPointer) -> Int? {
        var slot = Self.hash(path) & mask
        while true {
            let index = Int(slots[slot])
            if index < 0 { return nil }
            if Self.equal(paths[index], path) { return index }
            slot = (slot + 1) & mask
        }
    }

    private static func equal(_ known: [UInt8], _ path: UnsafeRawBufferPointer) -> Bool {
        guard known.count == path.count, let base = path.baseAddress else { return false }
        return known.withUnsafeBytes { $0.baseAddress.map { memcmp($0, base, path.count) } == 0 }
    }

    /// Over the last 24 bytes and the length: paths share their beginnings. Eight bytes at a time, since
    /// byte by byte is one multiplication behind the other. The table is fixed and at most a quarter
    /// full, so a chosen path cannot make a look-up slow.
    private static func hash(_ path: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(truncatingIfNeeded: path.count)
        var end = path.count
        while end >= 8, end > path.count - 24 {
            end -= 8
            hash = mixed(hash ^ path.loadUnaligned(fromByteOffset: end, as: UInt64.self))
        }
        if path.count < 24 {
            for byte in path[..<end] { hash = mixed(hash ^ UInt64(byte)) }
        }
        return Int(truncatingIfNeeded: hash >> 32)
    }

    /// Fibonacci hashing (Knuth, The Art of Computer Programming 6.4), with the high half folded back.
    private static func mixed(_ word: UInt64) -> UInt64 {
        let product = word &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 32
    }
}
