import RPC
import Testing

@Suite("What peers send beside messages")
struct ParserTests {
    func timeout(_ text: String) -> Duration? {
        Array(text.utf8).withUnsafeBytes(TimeoutHeader.parse)
    }

    @Test("grpc-timeout: one to eight digits above zero, and a unit")
    func timeouts() {
        #expect(timeout("1n") == .nanoseconds(1))
        #expect(timeout("20u") == .microseconds(20))
        #expect(timeout("300m") == .milliseconds(300))
        #expect(timeout("4S") == .seconds(4))
        #expect(timeout("5M") == .seconds(300))
        #expect(timeout("99999999H") == .seconds(99_999_999 * 3600))
        for bad in [
            "", "m", "5", "0m", "123456789m", "-1m", "+1m", " 1m", "1 m", "1x", "1.5S", "mm",
        ] {
            #expect(timeout(bad) == nil, "\(bad)")
        }
    }

    @Test("a written timeout reads back, rounded down to eight digits")
    func formattedTimeouts() {
        for duration: Duration in [
            .nanoseconds(1), .milliseconds(20), .seconds(10), .seconds(86_400 * 365),
        ] {
            #expect(
                timeout(String(decoding: TimeoutHeader.format(duration), as: UTF8.self)) == duration
            )
        }
        #expect(TimeoutHeader.format(.zero) == Array("1n".utf8))
        #expect(TimeoutHeader.format(.nanoseconds(123_456_789)) == Array("123456u".utf8))
    }

    @Test("content types: parameters and case do not matter, anything else does")
    func contentTypes() {
        #expect(ContentType("application/grpc") == .grpc)
        #expect(ContentType("application/grpc+proto") == .grpcProto)
        #expect(ContentType("application/grpc+assay") == .grpcAssay)
        #expect(ContentType("application/json") == .json)
        #expect(ContentType("application/json; charset=utf-8") == .json)
        #expect(ContentType("Application/GRPC ;x=y") == .grpc)
        #expect(ContentType("application/grpc-web") == .otherGRPC)
        #expect(ContentType("application/grpc+json") == .otherGRPC)
        for other in ["", "text/plain", "application/jsonx", "application/js on", ";"] {
            #expect(ContentType(other) == .other, "\(other)")
        }
    }

    @Test("a unary body is exactly one message with flag zero, within the limit")
    func deframing() {
        func fault(_ body: [UInt8], limit: Int = 100) -> FramingFault? {
            do throws(FramingFault) {
                _ = try MessageDeframer.message(inUnary: body, limit: limit)
                return nil
            } catch {
                return error
            }
        }
        #expect(fault([0, 0, 0, 0, 0]) == nil)
        #expect(fault([0, 0, 0, 0, 2, 7, 7]) == nil)
        #expect(fault([]) == .noMessage)
        #expect(fault([0, 0]) == .truncated)
        #expect(fault([0, 0, 0, 0, 3, 7, 7]) == .truncated)
        #expect(fault([0, 0, 0, 0, 1, 7, 7]) == .severalMessages)
        #expect(fault([1, 0, 0, 0, 0]) == .compressedWithoutEncoding)
        #expect(fault([2]) == .badFlag(2))
        #expect(fault([0, 0, 0, 0, 101]) == .tooLarge(101))
        #expect(fault([0, 255, 255, 255, 255]) == .tooLarge(4_294_967_295))
    }

    @Test("a broken beginning shows as soon as its byte is there")
    func earlyFaults() {
        func fault(_ body: [UInt8]) -> FramingFault? {
            body.withUnsafeBytes { MessageDeframer.faultAtBeginning(of: $0, limit: 10) }
        }
        #expect(fault([]) == nil)
        #expect(fault([0, 0, 0, 0]) == nil)
        #expect(fault([9]) == .badFlag(9))
        #expect(fault([0, 0, 0, 0, 11]) == .tooLarge(11))
        #expect(fault([0, 0, 0, 0, 1, 5]) == nil)
        #expect(fault([0, 0, 0, 0, 1, 5, 5]) == .severalMessages)
    }

    @Test("metadata keeps order and repeats, and forges no header")
    func metadata() {
        var metadata: Metadata = ["A": "1", "b": "2", "a": "3"]
        #expect(metadata["a"] == "1")
        #expect(metadata.values("a") == ["1", "3"])
        #expect(metadata.map(\.name) == ["a", "b", "a"])
        metadata["a"] = "4\r\nevil: 1"
        #expect(metadata.map(\.value) == ["2", "4  evil: 1"])
        metadata.append("key-bin", bytes: [0, 255])
        #expect(metadata["key-bin"] == "AP8")
        #expect(metadata.bytes("key-bin") == [0, 255])
        metadata["a"] = nil
        #expect(metadata["a"] == nil)
        #expect(metadata.count == 2)
        #expect(Metadata(["x": "y"] as Metadata).listSize == 34)
    }

    @Test("a path is found exactly or not at all")
    func paths() {
        let paths = (0..<50).map { "/assay.risk.v1.Service\($0 % 7)/Method\($0)" }
        let table = PathTable(paths)
        func find(_ path: String) -> Int? { Array(path.utf8).withUnsafeBytes(table.index(of:)) }
        for (index, path) in paths.enumerated() { #expect(find(path) == index) }
        for path in ["", "/", "/assay.risk.v1.Service1/method1", paths[3] + "/", "//x"] {
            #expect(find(path) == nil)
        }
    }

    @Test("deadlines saturate instead of overflowing")
    func deadlines() {
        let now = Instant(nanoseconds: 1_000_000_000)
        #expect(now + .seconds(Int64.max) == .distantFuture)
        #expect(now + .seconds(-5) == Instant(nanoseconds: 0))
        let deadline = Deadline(now + .milliseconds(100))
        #expect(deadline.remaining(at: now) == .milliseconds(100))
        #expect(deadline.child(at: now).remaining(at: now) == .milliseconds(95))
        #expect(Deadline.none.child(at: now) == .none)
        #expect(deadline.remaining(at: now + .seconds(1)) == .zero)
        #expect(deadline.hasPassed(at: now + .milliseconds(100)))
    }

    @Test("a GET's query is percent-decoded; a strange key is refused")
    func queries() {
        let query = UnaryJSON.Query(Array("encoding=json&message=%7B%7D&connect=v1".utf8))
        #expect(query.isWellFormed && query.isJSON)
        #expect(query.message == Array("{}".utf8))
        let base64 = UnaryJSON.Query(Array("encoding=json&base64=1&message=e30".utf8))
        #expect(base64.message == Array("{}".utf8))
        #expect(!UnaryJSON.Query(Array("message=%7B&evil=1".utf8)).isWellFormed)
        #expect(!UnaryJSON.Query(Array("message=*&base64=1".utf8)).isWellFormed)
    }
}

extension Metadata {
    fileprivate init(_ metadata: Metadata) { self = metadata }
}
