/// Puts the words of a `JSONTape` together, for parsers of any syntax: keeps the stack of open
/// containers, refuses duplicate keys, knows the path of what stands next.
struct JSONTapeBuilder {
    private struct Frame {
        let head: Int
        let isObject: Bool
        /// Elements still to come of an array that states its count, which has no end mark.
        var remaining: Int?
        var count = 0
        /// Where the keys of this object start among `keys`.
        let firstKey: Int
    }

    private struct Key {
        let offset: Int
        let hash: Int
    }

    private let limits: FormatLimits
    /// A value of an honest document takes two bytes of it at least, on average many more.
    private let mostWords: Int
    private var frames: [Frame] = []
    /// The keys of all open objects.
    private var keys: [Key] = []
    private(set) var words: [UInt32] = []

    init(documentBytes: Int, limits: FormatLimits) {
        self.limits = limits
        mostWords = documentBytes / 2 + 16_384
    }

    mutating func reserve(_ count: Int) { words.reserveCapacity(min(count, mostWords)) }

    var isOpen: Bool { !frames.isEmpty }
    /// Whether the innermost container is an object.
    var isObject: Bool { frames[frames.count - 1].isObject }
    /// Members that the innermost container has so far.
    var memberCount: Int { frames[frames.count - 1].count }
    /// Elements still to come of the innermost container, if it states its count.
    var remaining: Int? { frames[frames.count - 1].remaining }

    // MARK: Words. Each returns what is wrong, or nil.

    mutating func append(_ kind: JSONTape.Kind, at offset: Int) -> String? {
        append(JSONTape.word(kind, offset))
    }

    mutating func begin(_ kind: JSONTape.Kind, at offset: Int, count: Int? = nil) -> String? {
        guard frames.count < limits.depth else {
            return "nested deeper than \(limits.depth) levels"
        }
        frames.append(
            Frame(
                head: words.count, isObject: kind == .object, remaining: count,
                firstKey: keys.count))
        return append(JSONTape.word(kind, offset)) ?? append(0) ?? append(0)
    }

    mutating func end() {
        let frame = frames.removeLast()
        words[frame.head + 1] = UInt32(truncatingIfNeeded: frame.count)
        words[frame.head + 2] = UInt32(truncatingIfNeeded: words.count)
        keys.removeSubrange(frame.firstKey...)
    }

    /// Counts the next member of the innermost container.
    mutating func beginMember() {
        frames[frames.count - 1].count += 1
        if let remaining = frames[frames.count - 1].remaining {
            frames[frames.count - 1].remaining = remaining - 1
        }
    }

    /// Takes the key of the member that began.
    ///
    /// - Parameters:
    ///   - text: of the key at `offset`, escapes resolved.
    ///   - textAt: the same for an earlier key, asked only if its hash is this key's.
    mutating func key(
        _ text: some Collection<UInt8>, at offset: Int, textAt: (Int) -> [UInt8]
    ) -> String? {
        let first = frames[frames.count - 1].firstKey
        guard keys.count - first < limits.keysPerObject else {
            return "an object has more than \(limits.keysPerObject) keys"
        }
        var hasher = Hasher()
        for byte in text { hasher.combine(byte) }
        let hash = hasher.finalize()
        for other in keys[first...]
        where other.hash == hash && text.elementsEqual(textAt(other.offset)) {
            return "the key \(JSONText.pathComponent(Array(text)[...])) stands here twice"
        }
        keys.append(Key(offset: offset, hash: hash))
        return append(JSONTape.word(.string, offset))
    }

    private mutating func append(_ word: UInt32) -> String? {
        guard words.count < mostWords else {
            return "the file holds more values than a model of its size has"
        }
        // Not twice as many, as an array by itself would: while they move, both are there.
        if words.count == words.capacity {
            words.reserveCapacity(min(words.count + words.count / 2 + 1_024, mostWords))
        }
        words.append(word)
        return nil
    }

    // MARK: Errors

    /// - Parameter rawText: what stands at a key's offset, as the file has it.
    func path(_ rawText: (Int) -> ArraySlice<UInt8>) -> String {
        var steps: [String] = []
        for (index, frame) in frames.enumerated() {
            if frame.isObject {
                let end = index + 1 < frames.count ? frames[index + 1].firstKey : keys.count
                guard end > frame.firstKey else { break }
                steps.append(JSONText.pathComponent(rawText(keys[end - 1].offset)))
            } else if frame.count > 0 {
                steps.append("[\(frame.count - 1)]")
            }
        }
        return JSONText.path(steps)
    }
}
