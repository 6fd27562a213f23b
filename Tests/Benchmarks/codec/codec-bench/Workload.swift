internal import Peer
internal import SwiftProtobuf
internal import Wire

/// What is measured of a payload. Each is run by both codecs, but for the tolerant door, which is
/// compared with the strict one.
enum Operation: String, CaseIterable {
    case encode = "encode"
    case strict = "decode, strict"
    case tolerant = "decode, tolerant"
    case peerEncode = "encode, SwiftProtobuf"
    case peerDecode = "decode, SwiftProtobuf"
}

/// One message in both codecs, and the loops over it.
struct Workload {
    let name: String
    /// Canonical, as both codecs read it.
    let bytes: [UInt8]
    /// Runs an operation so many times.
    let run: (Operation, Int) throws -> Void

    /// Inlined, so that the loops know their types, as in a program that calls the codecs.
    @inline(__always)
    init<Ours: WireMessage, Theirs: SwiftProtobuf.Message>(
        _ name: String, _ value: Ours, _ peer: Theirs.Type
    ) throws {
        let bytes = value.encoded()
        let theirs = try Theirs(serializedBytes: bytes)
        guard try Ours(decoding: try theirs.serializedBytes(), door: .tolerant) == value else {
            throw Disagreement(workload: name)
        }
        self.name = name
        self.bytes = bytes
        run = { operation, count in
            switch operation {
            case .encode:
                for _ in 0..<count { consume(value.encoded().count) }
            case .strict:
                for _ in 0..<count { _ = try Ours(decoding: bytes, door: .strict) }
            case .tolerant:
                for _ in 0..<count { _ = try Ours(decoding: bytes, door: .tolerant) }
            case .peerEncode:
                for _ in 0..<count {
                    let bytes: [UInt8] = try theirs.serializedBytes()
                    consume(bytes.count)
                }
            case .peerDecode:
                for _ in 0..<count { _ = try Theirs(serializedBytes: bytes) }
            }
        }
    }
}

/// The two codecs do not hold the same value, so that there is nothing to compare.
struct Disagreement: Error {
    let workload: String
}

/// Keeps the compiler from leaving out what makes the value.
@inline(never)
private func consume(_ count: Int) { precondition(count >= 0) }
