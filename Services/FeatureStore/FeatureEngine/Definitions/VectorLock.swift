/// The file `vectors.lock`: the fingerprint that each version of a vector had when it was applied.
///
///     card_small@1 = sha256:3f…
public struct VectorLock: Sendable {
    public static let fileName = "vectors.lock"

    /// By `name@version`.
    public private(set) var fingerprints: [String: Located<[UInt8]>] = [:]

    public init() {}

    /// Every vector of a set, and those of an earlier lock that the set no longer has: a version
    /// that is gone never comes back as something else.
    public init(_ set: DefinitionSet, after earlier: VectorLock = VectorLock()) {
        fingerprints = earlier.fingerprints
        let nowhere = SourceLocation(file: Self.fileName, line: 1, column: 1)
        for vector in set.vectors {
            fingerprints["\(vector.name)@\(vector.version)"] = Located(
                vector.fingerprint, at: nowhere)
        }
    }

    /// Reads a lock file; lines that are none are problems.
    public init(_ text: String, file: String) throws(DefinitionError) {
        var problems: [DefinitionProblem] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let location = SourceLocation(file: file, line: index + 1, column: 1)
            let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
            guard !words.isEmpty else { continue }
            guard words.count == 3, words[1] == "=", words[2].hasPrefix("sha256:"),
                let bytes = Self.bytes(words[2].dropFirst(7))
            else {
                problems.append(
                    DefinitionProblem("expected `name@version = sha256:…`", at: location))
                continue
            }
            if fingerprints[words[0]] != nil {
                problems.append(
                    DefinitionProblem("\(words[0]) is locked twice", at: location))
            }
            fingerprints[words[0]] = Located(bytes, at: location)
        }
        guard problems.isEmpty else { throw DefinitionError(problems) }
    }

    /// The file's text: a line per vector, ascending by name.
    public var text: String {
        let lines = fingerprints.sorted { $0.key < $1.key }.map {
            "\($0.key) = sha256:\(Self.hexadecimal($0.value.value))\n"
        }
        return "# What each version of a vector is. Written by `assay features apply`.\n"
            + lines.joined()
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func bytes(_ text: Substring) -> [UInt8]? {
        let digits = text.utf8.compactMap { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard digits.count == 64, text.utf8.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
