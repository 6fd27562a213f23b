/// A HyperLogLog that answers for any window: per register the (rank, time) pairs that no later,
/// higher rank covers (Chabchoub and Hébrail, "Sliding HyperLogLog", 2010).
///
/// For a window it has the registers of a fresh sketch fed the values of that window. Ranks stop at
/// 24, so that a register has at most 24 pairs; 2²⁴ values a register are beyond any entity.
struct SlidingSketch: Hashable, Sendable {
    static let maximumRank = 24

    /// Base 2 logarithm of the registers.
    let bits: Int
    /// Pairs of each register.
    private var counts: [UInt8]
    /// time · 256 + rank: register by register, highest rank first, so times ascend.
    private var pairs: [Int64] = []

    init(bits: Int) {
        self.bits = bits
        counts = [UInt8](repeating: 0, count: 1 << bits)
    }

    var byteCount: Int { counts.count + pairs.capacity * 8 + 64 }

    private static func rank(_ pair: Int64) -> Int { Int(truncatingIfNeeded: pair & 0xFF) }
    private static func time(_ pair: Int64) -> Int64 { pair >> 8 }

    /// The value was seen at `time`, in seconds.
    mutating func insert(_ hash: UInt64, at time: Int64) {
        let register = Int(truncatingIfNeeded: hash >> UInt64(64 - bits))
        let rank = min(Self.maximumRank, (hash << UInt64(bits)).leadingZeroBitCount + 1)
        let start = counts.withUnsafeBufferPointer { counts in
            var start = 0
            for index in 0..<register { start &+= Int(counts[index]) }
            return start
        }
        let end = start + Int(counts[register])
        var position = start
        while position < end, Self.rank(pairs[position]) > rank { position += 1 }
        // A higher rank that was seen later, or the same one, covers it.
        if position > start, Self.time(pairs[position - 1]) >= time { return }
        if position < end, Self.rank(pairs[position]) == rank,
            Self.time(pairs[position]) >= time
        {
            return
        }
        var covered = position
        while covered < end, Self.time(pairs[covered]) <= time { covered += 1 }
        let pair = time << 8 | Int64(rank)
        if covered == position + 1 {
            pairs[position] = pair
        } else {
            pairs.replaceSubrange(position..<covered, with: CollectionOfOne(pair))
        }
        counts[register] = UInt8(end - start - (covered - position) + 1)
    }

    /// Forgets pairs of before `oldest`, in seconds.
    mutating func drop(before oldest: Int64) {
        var read = 0
        var write = 0
        for register in counts.indices {
            let end = read + Int(counts[register])
            let start = write
            while read < end {
                if Self.time(pairs[read]) >= oldest {
                    pairs[write] = pairs[read]
                    write += 1
                }
                read += 1
            }
            counts[register] = UInt8(write - start)
        }
        pairs.removeLast(pairs.count - write)
    }

    // MARK: Reading

    /// How many registers have each rank, for windows that start at `starts`, in seconds,
    /// ascending; the ranks of window w begin at w · 25. One pass over the pairs for all.
    ///
    /// A register has in a window the rank of its first pair that is young enough. Times ascend: if
    /// the pair before lies in `before` windows and a pair in `within`, it is the first one in
    /// those between. The pass notes just where these begin and end, for a branch on what lies in
    /// which window could not be predicted; sums over the windows are the counts.
    func rankCounts(since starts: [Int64]) -> [Int32] {
        let ranks = Self.maximumRank + 1
        var histogram = [Int32](repeating: 0, count: (starts.count + 1) * ranks)
        histogram.withUnsafeMutableBufferPointer { histogram in
            countSteps(since: starts, into: histogram)
            for index in (ranks..<max(ranks, starts.count * ranks)).reversed() {
                histogram[index] &+= histogram[index + ranks]
            }
        }
        // What lies in no window.
        histogram.removeFirst(ranks)
        // Registers that nothing of a window fell into have rank 0.
        for window in starts.indices {
            let filled = histogram[window * ranks..<(window + 1) * ranks].reduce(0, +)
            histogram[window * ranks] = Int32(counts.count) - filled
        }
        return histogram
    }

    /// Adds one at (windows that a pair lies in, its rank), and takes one away at (windows that
    /// the register's pair before it lies in, its rank).
    private func countSteps(
        since starts: [Int64], into steps: UnsafeMutableBufferPointer<Int32>
    ) {
        guard starts.count > 4 else {
            // A window that never begins has nothing in it.
            let padded = starts + [Int64](repeating: .max, count: 4 - starts.count)
            let (a, b, c, d) = (padded[0], padded[1], padded[2], padded[3])
            return countSteps(into: steps) { time in
                Self.outside(time, a) &+ Self.outside(time, b) &+ Self.outside(time, c)
                    &+ Self.outside(time, d) &+ 4
            }
        }
        starts.withUnsafeBufferPointer { starts in
            countSteps(into: steps) { time in
                var outside = starts.count
                for start in starts { outside &+= Self.outside(time, start) }
                return outside
            }
        }
    }

    /// −1 if the time is before the start, else 0: without a branch, for it could not be predicted.
    @inline(__always)
    private static func outside(_ time: Int64, _ start: Int64) -> Int {
        Int(truncatingIfNeeded: (time &- start) >> 63)
    }

    @inline(__always)
    private func countSteps(
        into steps: UnsafeMutableBufferPointer<Int32>, _ windows: (_ time: Int64) -> Int
    ) {
        let ranks = Self.maximumRank + 1
        pairs.withUnsafeBufferPointer { pairs in
            counts.withUnsafeBufferPointer { counts in
                var position = 0
                for count in counts {
                    var before = 0
                    let end = position &+ Int(count)
                    while position < end {
                        let pair = pairs[position]
                        let rank = Self.rank(pair)
                        let within = windows(Self.time(pair))
                        steps[within &* ranks &+ rank] &+= 1
                        steps[before &* ranks &+ rank] &-= 1
                        before = within
                        position &+= 1
                    }
                }
            }
        }
    }

    // MARK: Codec

    var maximumEncodedBytes: Int {
        20 + counts.count * 2 + pairs.count * (1 + BlobWriter.maximumVarint)
    }

    /// `clock` is in seconds.
    func encode(to writer: inout BlobWriter, clock: Int64) {
        writer.byte(UInt8(bits))
        var position = 0
        for count in counts {
            writer.varint(UInt64(count))
            for pair in pairs[position..<position + Int(count)] {
                writer.byte(UInt8(Self.rank(pair)))
                writer.varint(clock - Self.time(pair))
            }
            position += Int(count)
        }
    }

    mutating func decode(
        _ reader: inout BlobReader, clock: Int64, oldest: Int64
    ) throws(BlobError) {
        guard try reader.byte() == UInt8(bits) else { throw reader.failure(.notCanonical) }
        // A pair takes two bytes or more, and a register's count one.
        pairs.reserveCapacity(max(0, reader.remaining - counts.count) / 2)
        for register in counts.indices {
            let count = try reader.count(in: 0...Int64(Self.maximumRank))
            var previous: (rank: UInt8, time: Int64) = (UInt8(Self.maximumRank) + 1, -1)
            for _ in 0..<count {
                let rank = try reader.byte()
                let time = try reader.time(before: clock, from: oldest)
                guard rank > 0, rank < previous.rank, time > previous.time else {
                    throw reader.failure(.notCanonical)
                }
                pairs.append(time << 8 | Int64(rank))
                previous = (rank, time)
            }
            counts[register] = UInt8(count)
        }
        guard !pairs.isEmpty else { throw reader.failure(.notCanonical) }
    }
}
