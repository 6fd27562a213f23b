/// A text of a request in lower case, as bytes to search in. Only ASCII letters are lowered: what
/// it is searched for is ASCII.
struct LowerText {
    /// What comes after this many bytes is not looked at.
    static let maximumBytes = 1_024

    let bytes: [UInt8]

    init(_ text: String) {
        guard !text.isEmpty else {
            bytes = []
            return
        }
        var text = text
        bytes = text.withUTF8 { utf8 in
            let count = min(utf8.count, Self.maximumBytes)
            return [UInt8](unsafeUninitializedCapacity: count) { lowered, written in
                for index in 0..<count {
                    let byte = utf8[index]
                    lowered[index] = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
                }
                written = count
            }
        }
    }

    var isEmpty: Bool { bytes.isEmpty }

    /// - Parameter marker: in lower case.
    func contains(_ marker: StaticString) -> Bool {
        let length = marker.utf8CodeUnitCount
        guard length > 0, bytes.count >= length else { return false }
        let wanted = UnsafeBufferPointer(start: marker.utf8Start, count: length)
        return bytes.withUnsafeBufferPointer { text in
            let (first, end) = (wanted[0], text.count - length)
            var start = 0
            while start <= end {
                if text[start] == first {
                    var matched = 1
                    while matched < length, text[start + matched] == wanted[matched] {
                        matched += 1
                    }
                    if matched == length { return true }
                }
                start += 1
            }
            return false
        }
    }

    func containsAny(_ markers: [StaticString]) -> Bool { markers.contains { contains($0) } }

    func hasPrefix(_ marker: StaticString) -> Bool {
        let length = marker.utf8CodeUnitCount
        guard bytes.count >= length else { return false }
        return bytes.prefix(length)
            .elementsEqual(UnsafeBufferPointer(start: marker.utf8Start, count: length))
    }

    func isExactly(_ other: StaticString) -> Bool {
        bytes.count == other.utf8CodeUnitCount && hasPrefix(other)
    }
}
