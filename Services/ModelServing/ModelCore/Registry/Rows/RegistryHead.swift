internal import Wire

/// The row that guards every change of a chain: what comes next, the end of its chain of events, and
/// the newest event's time.
package struct RegistryHead: Hashable, Sendable {
    var nextVersion: UInt32 = 1
    package var nextSequence: UInt64 = 1
    /// Empty before the first event.
    var lastDigest: [UInt8] = []
    /// Nil before the first event, and in heads of earlier releases.
    var lastTime: Timestamp?

    init() {}

    /// - Parameter bytes: next version, next sequence, then nothing, or the digest, or the digest and
    ///   the time.
    init?(_ bytes: [UInt8]) {
        guard [12, 44, 56].contains(bytes.count) else { return nil }
        nextVersion = UInt32(BigEndian.number(bytes[0..<4]))
        nextSequence = BigEndian.number(bytes[4..<12])
        lastDigest = Array(bytes[12...].prefix(32))
        guard bytes.count == 56 else { return }
        let seconds = Int64(bitPattern: BigEndian.number(bytes[44..<52]))
        guard
            let time = Timestamp(
                seconds: seconds, nanoseconds: Int(BigEndian.number(bytes[52..<56])))
        else { return nil }
        lastTime = time
    }

    var bytes: [UInt8] {
        var bytes = BigEndian.bytes(nextVersion) + BigEndian.bytes(nextSequence) + lastDigest
        if let lastTime {
            bytes += BigEndian.bytes(lastTime.seconds)
            bytes += BigEndian.bytes(UInt32(lastTime.nanoseconds))
        }
        return bytes
    }
}
