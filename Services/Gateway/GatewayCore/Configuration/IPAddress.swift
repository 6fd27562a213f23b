internal import Glibc

/// An address of IPv4 or IPv6. An IPv4 address inside IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
public struct IPAddress: Sendable, Hashable {
    /// The 32 bits of IPv4, or the 128 of IPv6.
    public let bits: UInt128
    public let isVersion4: Bool

    public init(bits: UInt128, isVersion4: Bool) {
        let isMapped = !isVersion4 && bits >> 32 == 0xFFFF
        self.bits = isMapped ? bits & 0xFFFF_FFFF : bits
        self.isVersion4 = isVersion4 || isMapped
    }

    /// "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; nil for anything else, a port included.
    public init?(_ text: some StringProtocol) {
        var text = String(text)
        if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
        var version4 = in_addr()
        if inet_pton(AF_INET, text, &version4) == 1 {
            self.init(bits: UInt128(UInt32(bigEndian: version4.s_addr)), isVersion4: true)
            return
        }
        var version6 = in6_addr()
        guard inet_pton(AF_INET6, text, &version6) == 1 else { return nil }
        let bits = withUnsafeBytes(of: version6) { bytes in
            bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        }
        self.init(bits: bits, isVersion4: false)
    }

    /// The address of "192.0.2.1:40112" or "[2001:db8::1]:40112", as a peer is written.
    public init?(peer text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        self.init(text[..<colon])
    }

    public var width: Int { isVersion4 ? 32 : 128 }
}

/// Addresses with the same first bits: "10.0.0.0/8", "2001:db8::/32", or one address.
public struct AddressBlock: Sendable, Hashable {
    public let first: IPAddress
    public let prefixLength: Int

    /// Nil for what is no address, and for bits behind the prefix that are not zero.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parts[0]) else { return nil }
        var length = address.width
        if parts.count == 2 {
            guard let written = Int(parts[1]), parts[1].allSatisfy(\.isNumber),
                (0...address.width).contains(written)
            else { return nil }
            length = written
        }
        first = address
        prefixLength = length
        guard address.bits & Self.hostMask(address, length) == 0 else { return nil }
    }

    public func contains(_ address: IPAddress) -> Bool {
        address.isVersion4 == first.isVersion4
            && (address.bits ^ first.bits) & ~Self.hostMask(first, prefixLength) == 0
    }

    private static func hostMask(_ address: IPAddress, _ length: Int) -> UInt128 {
        let free = address.width - length
        return free == 128 ? .max : (1 << UInt128(free)) - 1
    }
}

extension IPAddress: CustomStringConvertible {
    /// In the shortest form that the system knows.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        if isVersion4 {
            var address = in_addr(s_addr: UInt32(truncatingIfNeeded: bits).bigEndian)
            inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
        } else {
            var address = in6_addr()
            withUnsafeMutableBytes(of: &address) { bytes in
                for index in 0..<16 {
                    bytes[index] = UInt8(truncatingIfNeeded: bits >> UInt128(120 - 8 * index))
                }
            }
            inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
        }
        let end = text.firstIndex(of: 0) ?? text.count
        return String(decoding: text[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension AddressBlock: CustomStringConvertible {
    /// As it was written, but in the shortest form that the system knows.
    public var description: String { "\(first)/\(prefixLength)" }
}
