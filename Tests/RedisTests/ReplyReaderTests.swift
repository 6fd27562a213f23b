import Redis
import Testing

@Suite("The reply reader")
struct ReplyReaderTests {
    private func read(_ bytes: [UInt8], _ reader: ReplyReader = ReplyReader()) throws
        -> [RedisValue]
    {
        var replies: [RedisValue] = []
        try bytes.withUnsafeBytes { try reader.read($0) { replies.append($0) } }
        return replies
    }

    private func read(_ text: String) throws -> [RedisValue] {
        try read(Array(text.utf8))
    }

    @Test("every kind of reply becomes its value")
    func kinds() throws {
        let replies = try read(
            "+OK\r\n-NOSCRIPT No matching script.\r\n:-42\r\n$3\r\na\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n"
                + "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n-ERR y\r\n*0\r\n")
        #expect(
            replies == [
                .status("OK"), .error(RedisServerError("NOSCRIPT No matching script.")),
                .integer(-42), .bytes(Array("a\r\n".utf8)), .bytes([]), .null, .null,
                .array([
                    .integer(1), .array([.bytes([120]), .error(RedisServerError("ERR y"))]),
                    .array([]),
                ]),
            ])
        #expect(replies[1].error?.code == "NOSCRIPT")
    }

    @Test("replies may arrive a byte at a time")
    func dribble() throws {
        let reader = ReplyReader()
        var replies: [RedisValue] = []
        for byte in "*2\r\n$5\r\nhello\r\n:7\r\n+OK\r\n".utf8 {
            replies += try read([byte], reader)
        }
        #expect(replies == [.array([.bytes(Array("hello".utf8)), .integer(7)]), .status("OK")])
    }

    @Test(
        "what is not RESP is an error",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", ":abc\r\n", "$-2\r\nx\r\n", "*-2\r\n", "$abc\r\n",
            "*99999999999999999999\r\n", "$99999999999999999999\r\n", ":99999999999999999999\r\n",
            "\u{0}\u{0}\u{0}\u{0}",
        ])
    func malformed(text: String) {
        #expect(throws: RedisError.self) { try read(text) }
    }

    @Test("a lying array length is refused before anything is reserved")
    func lyingArray() {
        for text in ["*1025\r\n", "*2147483647\r\n", "*4294967297\r\n", "*1152921504606846977\r\n"]
        {
            #expect(throws: RedisError.self, "\(text)") { try read(text) }
        }
    }

    @Test("nested arrays share one budget of elements")
    func nestedBudget() {
        let row = "*512\r\n" + String(repeating: ":1\r\n", count: 512)
        #expect(throws: RedisError.self) { try read("*3\r\n" + row + row) }
        #expect(throws: Never.self) { try read(String(repeating: "*1\r\n" + row, count: 5)) }
    }

    @Test("deep nesting is an error")
    func deep() {
        #expect(throws: RedisError.self) { try read(String(repeating: "*1\r\n", count: 50)) }
    }

    @Test("a reply beyond the limit is refused while it arrives")
    func large() throws {
        let reader = ReplyReader()
        let bytes = [UInt8](repeating: 120, count: 1 << 20)
        #expect(throws: RedisError.self) {
            _ = try read(Array("$9223372036854775000\r\n".utf8), reader)
            _ = try read(bytes, reader)
            _ = try read(bytes, reader)
        }
        #expect(throws: RedisError.self) { try read([43] + bytes + bytes) }
        let largest = [UInt8](repeating: 120, count: (1 << 20) - 64)
        #expect(
            try read(Array("$\(largest.count)\r\n".utf8) + largest + [13, 10]) == [.bytes(largest)])
    }

    @Test("any prefix and any flipped bit of a reply is read or refused, never a crash")
    func damaged() {
        let bytes = Array(
            "*3\r\n:1\r\n*2\r\n$4\r\nabcd\r\n-ERR y\r\n$-1\r\n+OK\r\n:12345\r\n$3\r\nxyz\r\n".utf8)
        for length in 0..<bytes.count { _ = try? read(Array(bytes.prefix(length))) }
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                _ = try? read(damaged)
            }
        }
    }

    @Test("random bytes never crash")
    func random() {
        for seed in 0..<500 {
            var generator = SeededGenerator(state: UInt64(seed))
            let alphabet = Array("*$:+-0123456789\r\n\r\n\r\nab".utf8)
            let bytes = (0..<200).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            _ = try? read(bytes)
        }
    }
}

/// A small generator whose whole state is its seed (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
