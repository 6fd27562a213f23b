/// The name of a workload: `spiffe://<trust domain>/<path>` [SPIFFE-ID, section 2].
public struct SPIFFEID: Sendable, Hashable {
    /// Longest accepted form, in bytes [SPIFFE-ID, section 2.3].
    public static let maximumLength = 2048
    private static let maximumTrustDomainLength = 255
    private static let scheme = "spiffe://"

    /// `assay.example` of `spiffe://assay.example/ns/default/sa/assay-risk`.
    public let trustDomain: String
    /// With the leading slash, or empty for the trust domain itself.
    public let path: String

    /// Parses `text`; nil unless it is a SPIFFE ID in its one canonical spelling.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.starts(with: Self.scheme.utf8) else {
            return nil
        }
        let rest = text.utf8.dropFirst(Self.scheme.utf8.count)
        let domainEnd = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let domain = rest[..<domainEnd]
        let path = rest[domainEnd...]
        guard !domain.isEmpty, domain.count <= Self.maximumTrustDomainLength,
            domain.allSatisfy(Self.isTrustDomainByte), Self.isPath(path)
        else { return nil }
        trustDomain = String(Substring(domain))
        self.path = String(Substring(path))
    }

    private static func isPath(_ path: Substring.UTF8View) -> Bool {
        if path.isEmpty { return true }
        let segments = path.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return segments.allSatisfy { segment in
            !segment.isEmpty && !segment.elementsEqual(".".utf8)
                && !segment.elementsEqual("..".utf8) && segment.allSatisfy(isSegmentByte)
        }
    }

    private static func isTrustDomainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isSegmentByte(_ byte: UInt8) -> Bool {
        isTrustDomainByte(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}

extension SPIFFEID: CustomStringConvertible {
    public var description: String { Self.scheme + trustDomain + path }
}
