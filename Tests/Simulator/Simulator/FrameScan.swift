/// Reads the heads of the frames that one end of a connection sends, for what must hold between them.
struct FrameScan {
    /// What a first GOAWAY names: no stream yet.
    static let notice: UInt32 = 0x7FFF_FFFF

    /// The last stream of each GOAWAY.
    private(set) var goAways: [UInt32] = []
    /// The highest stream that HEADERS were sent on.
    private(set) var highestStream: UInt32 = 0
    private var head: [UInt8] = []
    private var skipped: Int

    /// - Parameter preface: bytes before the first frame.
    init(preface: Int) { skipped = preface }

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if skipped > 0 {
                let count = min(skipped, rest.count)
                rest = rest.dropFirst(count)
                skipped -= count
            } else {
                head.append(rest.removeFirst())
                if head.count == 9 && head[3] != 7 || head.count == 13 { frame() }
            }
        }
    }

    private mutating func frame() {
        skipped = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2]) - (head.count - 9)
        switch head[3] {
        case 1: highestStream = max(highestStream, number(at: 5))
        case 7: goAways.append(number(at: 9))
        default: break
        }
        head.removeAll(keepingCapacity: true)
    }

    private func number(at place: Int) -> UInt32 {
        head[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } & Self.notice
    }
}
