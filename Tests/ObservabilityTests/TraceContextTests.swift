import RPC
import Testing

@Suite("A trace's context, as callers write it")
struct TraceContextTests {
    private static let sample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func read(_ text: String) -> TraceContext? {
        TraceContext(traceparent: Array(text.utf8))
    }

    @Test("the example of the standard is read, and written as it was")
    func example() throws {
        let context = try #require(read(Self.sample))
        #expect(context.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.spanID == 0x00f0_67aa_0ba9_02b7)
        #expect(context.isSampled)
        #expect(context.header == Self.sample)
    }

    @Test("only the lowest flag says that a trace is recorded")
    func flags() {
        #expect(read(Self.sample.dropLast(2) + "00")?.isSampled == false)
        #expect(read(Self.sample.dropLast(2) + "fe")?.isSampled == false)
        #expect(read(Self.sample.dropLast(2) + "ff")?.isSampled == true)
    }

    private static let forbidden: [String] = [
        "", "00", "00-", String(sample.dropLast()), sample + "0", sample + "-",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        " 0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
    ]

    @Test("what the standard forbids is no parent", arguments: forbidden)
    func isNoParent(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test("a later version is read as far as version 00 goes")
    func laterVersion() {
        let later = "01" + Self.sample.dropFirst(2)
        #expect(read(String(later))?.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(read(later + "-and-more")?.header == Self.sample)
    }

    @Test("no damage to the bytes traps, and what is read can be written and read again")
    func damage() {
        var generator = SeededGenerator(seed: 17)
        for _ in 0..<50_000 {
            var bytes = Array(Self.sample.utf8)
            for _ in 0...generator.index(below: 4) {
                bytes[generator.index(below: bytes.count)] = UInt8(
                    truncatingIfNeeded: generator.next())
            }
            if generator.index(below: 4) == 0 { bytes.removeLast(generator.index(below: 56)) }
            guard let context = TraceContext(traceparent: bytes) else { continue }
            #expect(TraceContext(traceparent: Array(context.header.utf8)) == context)
        }
    }

    @Test("grpc-trace-bin is read if it is the only one")
    func binary() throws {
        let expected = try #require(read(Self.sample))
        var bytes: [UInt8] = [0, 0]
        for word in [expected.traceHigh, expected.traceLow] {
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
        }
        bytes.append(1)
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: expected.spanID >> (56 - 8 * UInt64($0))) }
        bytes += [2, 1]
        var fields = Metadata()
        fields.append("grpc-trace-bin", bytes: bytes)
        #expect(TraceContext(fields) == expected)
        fields.append("traceparent", Self.sample.replacing("4bf9", with: "5bf9"))
        #expect(TraceContext(fields)?.traceID.hasPrefix("5bf9") == true)
        for length in 0..<bytes.count {
            #expect(TraceContext(binary: Array(bytes.prefix(length))) == nil)
        }
    }

    @Test("an unreadable traceparent is no parent, whatever stands beside it")
    func unreadable() {
        #expect(TraceContext(["traceparent": "nonsense", "tracestate": "a=b"]) == nil)
    }

    @Test("tracestate goes on as it came, all fields in order, unless it is too long")
    func state() {
        var fields: Metadata = ["traceparent": Self.sample, "tracestate": "a=1,b=2"]
        fields.append("tracestate", "c=3")
        #expect(TraceContext(fields)?.state == "a=1,b=2,c=3")
        fields.append("tracestate", String(repeating: "x", count: 512))
        #expect(TraceContext(fields)?.state == "")
    }

    @Test("a call made for another one is in its trace, unless that cannot be read")
    func inherited() {
        let method = MethodDescriptor(path: "/a.B/C", kind: .unary, access: .public)
        func child(_ metadata: Metadata) -> Metadata {
            ServerContext(method: method, metadata: metadata).child.metadata
        }
        let whole = child(["traceparent": Self.sample, "tracestate": "a=1"])
        #expect(whole["traceparent"] == Self.sample)
        #expect(whole["tracestate"] == "a=1")
        let broken = child(["traceparent": "00-nonsense", "tracestate": "a=1"])
        #expect(broken["traceparent"] == nil && broken["tracestate"] == nil)
    }

    @Test("setting the trace replaces what the fields said of another one")
    func replacing() throws {
        var fields: Metadata = ["traceparent": "junk", "tracestate": "old=1", "x": "y"]
        var context = try #require(read(Self.sample))
        context.state = "new=1"
        fields.setTrace(context)
        #expect(fields.values("traceparent") == [Self.sample])
        #expect(fields.values("tracestate") == ["new=1"])
        #expect(fields["x"] == "y")
    }
}
