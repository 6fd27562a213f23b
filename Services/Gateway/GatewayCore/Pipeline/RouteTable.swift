internal import Glibc
public import RPC

/// One method that is reachable from outside.
public final class Route: Sendable {
    public let method: MethodDescriptor
    /// Index into the snapshot's upstreams.
    public let upstream: Int
    /// Nil for a public method.
    public let requiredScope: ScopeSet?
    /// The number under which the method is counted, on every replica whatever its routes are.
    let number: UInt32
    /// Its place among the methods of all schemas, by which calls are counted; nil if nobody knows it.
    let ordinal: Int?

    public init(
        method: MethodDescriptor, upstream: Int, requiredScope: ScopeSet?, ordinal: Int? = nil
    ) {
        self.method = method
        self.ordinal = ordinal
        self.upstream = upstream
        self.requiredScope = requiredScope
        number = CRC32.checksum(method.path.utf8)
    }

    /// The most bytes of a body on the JSON face: its texts are longer than the binary form.
    var maximumJSONBytes: Int {
        let (bytes, overflow) = method.maximumRequestBytes.multipliedReportingOverflow(by: 4)
        return overflow ? .max : bytes
    }
}

/// Exact paths to routes. A path that is not here does not exist, whatever the services offer.
public struct RouteTable: Sendable {
    public let routes: [Route]
    private let paths: [[UInt8]]
    /// Open addressing by hash; -1 is empty. At most half full.
    private let slots: [Int32]

    public init(_ routes: [Route]) {
        self.routes = routes
        paths = routes.map { Array($0.method.path.utf8) }
        var size = 16
        while size < routes.count * 2 { size <<= 1 }
        var slots = [Int32](repeating: -1, count: size)
        for (index, path) in paths.enumerated() {
            var slot = path.withUnsafeBytes { Self.hash($0) } & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int32(index)
        }
        self.slots = slots
    }

    /// The route of a path, compared byte for byte: no decoding, no normalisation.
    public func route(_ path: UnsafeRawBufferPointer) -> Int? {
        var slot = Self.hash(path) & (slots.count - 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if paths[index].withUnsafeBytes({ Self.isEqual($0, path) }) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer)
        -> Bool
    {
        guard left.count == right.count, let a = left.baseAddress, let b = right.baseAddress else {
            return false
        }
        return memcmp(a, b, left.count) == 0
    }

    /// Nobody but the configuration adds entries, so a chosen path can only miss.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
        let value = XXH64.hash(bytes)
        return Int(truncatingIfNeeded: value ^ value >> 32)
    }
}
