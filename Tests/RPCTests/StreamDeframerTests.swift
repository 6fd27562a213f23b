import RPC
import Testing

@Suite("Messages of a stream")
struct StreamDeframerTests {
    static func framed(_ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 0, 0, 0] + payload
        MessagePrefix.write(into: &bytes)
        return bytes
    }

    @Test("come out whole, however their bytes are cut", arguments: [1, 2, 3, 7, 64, 1 << 20])
    func anyCut(piece: Int) throws {
        let messages = [0, 1, 5, 300, 0, 20_000].map { Self.framed(Array(repeating: 7, count: $0)) }
        let all = messages.flatMap { $0 }
        var deframer = StreamDeframer(limit: 1 << 20)
        var taken: [[UInt8]] = []
        var consumed = 0
        for start in stride(from: 0, to: all.count, by: piece) {
            all[start..<min(start + piece, all.count)].withUnsafeBytes { deframer.append($0) }
            consumed += deframer.takeCredit()
            while let message = try deframer.next() {
                taken.append(message)
                consumed += deframer.takeCredit()
            }
        }
        #expect(taken == messages)
        #expect(deframer.buffered == 0)
        #expect(consumed == all.count)
        #expect(deframer.unconsumed == 0)
    }

    @Test("only the first one that waits is consumed, whatever came behind it")
    func credit() throws {
        let message = Self.framed(Array(repeating: 1, count: 95))
        var deframer = StreamDeframer(limit: 1000)
        for _ in 0..<10 { message.withUnsafeBytes { deframer.append($0) } }
        #expect(deframer.takeCredit() == 100)
        #expect(deframer.takeCredit() == 0)
        #expect(deframer.unconsumed == 900)
        #expect(try deframer.next() == message)
        #expect(deframer.takeCredit() == 100)
        #expect(deframer.consumeAll() == 800)
        #expect(deframer.consumeAll() == 0)
        for _ in 0..<9 { #expect(try deframer.next() == message) }
        #expect(deframer.takeCredit() == 0)
    }

    @Test("one larger than any window is consumed as it comes")
    func large() throws {
        let message = Self.framed(Array(repeating: 1, count: 1 << 20))
        var deframer = StreamDeframer(limit: 1 << 20)
        for start in stride(from: 0, to: message.count, by: 16_384) {
            let piece = message[start..<min(start + 16_384, message.count)]
            piece.withUnsafeBytes { deframer.append($0) }
            #expect(deframer.takeCredit() == piece.count)
        }
        #expect(try deframer.next() == message)
        #expect(deframer.unconsumed == 0)
    }

    @Test("over the limit are refused at the prefix, and never consumed beyond it")
    func tooLarge() {
        var deframer = StreamDeframer(limit: 10)
        ([0, 0, 0, 0, 11, 1, 2, 3] as [UInt8]).withUnsafeBytes { deframer.append($0) }
        #expect(deframer.isReady)
        #expect(deframer.takeCredit() == 5)
        #expect(throws: FramingFault.tooLarge(11)) { try deframer.next() }
    }

    @Test("with a flag are refused at their first byte")
    func flags() {
        for flag in [1, 2, 255] as [UInt8] {
            var deframer = StreamDeframer(limit: 10)
            [flag].withUnsafeBytes { deframer.append($0) }
            #expect(deframer.isReady)
            #expect(throws: FramingFault.self) { try deframer.next() }
        }
    }

    @Test("bytes at random give messages or a fault, and never more credit than bytes")
    func random() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var deframer = StreamDeframer(limit: 50)
            var (received, credited) = (0, 0)
            for _ in 0..<8 {
                let count = Int.random(in: 0..<40, using: &random)
                let bytes = (0..<count).map { _ in UInt8.random(in: 0..<4, using: &random) / 3 }
                bytes.withUnsafeBytes { deframer.append($0) }
                received += count
                credited += deframer.takeCredit()
                guard let message = try? deframer.next() else { continue }
                #expect((5...55).contains(message.count))
            }
            credited += deframer.takeCredit()
            #expect(credited + deframer.unconsumed == received)
        }
    }
}
