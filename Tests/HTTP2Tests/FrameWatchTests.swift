import HTTP2
import Testing

/// What the library would drop in silence.
@Suite("Frames for streams that are over")
struct FrameWatchTests {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, [])

    static func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8])
        -> [UInt8]
    {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), kind, flags, 0, 0, 0, stream]
            + payload
    }

    /// ":method POST", ":scheme http", ":path /" from the static table, ":authority a".
    static let block: [UInt8] = [0x83, 0x86, 0x84, 0x01, 0x01, 0x61]

    /// Reads `bytes` in pieces and answers every request; what was sent, and the error if any.
    static func run(_ bytes: [UInt8], piece: Int) -> (output: [UInt8], error: String?) {
        let recorder = Recorder()
        let session = HTTP2Session(role: .server, profile: .mesh, delegate: recorder)
        recorder.onEnd = { stream in
            session.submitResponse(status: 204, headers: [], body: [], trailers: nil, on: stream)
        }
        var (output, error): ([UInt8], String?) = ([], nil)
        var rest = bytes[...]
        while !rest.isEmpty, error == nil {
            let part = Array(rest.prefix(piece))
            rest = rest.dropFirst(part.count)
            do {
                try part.withUnsafeBytes { try session.receive($0, now: 1) }
            } catch let failure {
                error = "\(failure)"
            }
            _ = try? session.drain { output += $0 }
        }
        return (output, error)
    }

    static let request = frame(1, 5, 1, block)
    static let late: [(what: String, frames: [UInt8], code: UInt8?)] = [
        ("DATA behind the end", request + frame(0, 0, 1, [1]), 5),
        ("HEADERS behind the end", request + frame(1, 5, 1, block), 5),
        ("a skipped number", frame(1, 5, 5, block) + frame(1, 5, 3, block), 1),
        ("PRIORITY on stream 0", frame(2, 0, 0, [0, 0, 0, 1, 1]), 1),
        (
            "what may be late",
            request + frame(8, 0, 1, [0, 0, 0, 99]) + frame(3, 0, 1, [0, 0, 0, 0])
                + frame(2, 0, 1, [0, 0, 0, 0, 1]), nil
        ),
    ]

    /// The code of the first GOAWAY, if there is one.
    static func goAway(in output: [UInt8]) -> UInt8? {
        var rest = output[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[1]) << 8 | Int(head[2])
            let payload = Array(rest.dropFirst(9).prefix(length))
            if head[3] == 7 { return payload[7] }
            rest = rest.dropFirst(9 + length)
        }
        return nil
    }

    @Test("the verdict is the same wherever the bytes are cut", arguments: late.indices)
    func verdicts(index: Int) {
        let (what, frames, code) = Self.late[index]
        for piece in [1, 2, 5, 8, 9, 10, 13, 1_000] {
            let (output, _) = Self.run(Self.preface + frames, piece: piece)
            #expect(Self.goAway(in: output) == code, "\(what), by \(piece)")
        }
    }

    @Test("frames behind the peer's own reset get one each, and nothing ends")
    func behindReset() {
        let frames =
            Self.frame(1, 4, 1, Self.block) + Self.frame(3, 0, 1, [0, 0, 0, 8])
            + Self.frame(0, 0, 1, [1]) + Self.frame(1, 5, 1, Self.block)
        let (output, error) = Self.run(Self.preface + frames, piece: 7)
        #expect(error == nil)
        let reset = Self.frame(3, 0, 1, [0, 0, 0, 5])
        #expect(output.suffix(26) == reset + reset)
    }
}
