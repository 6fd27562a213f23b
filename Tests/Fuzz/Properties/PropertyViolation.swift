/// A property that does not hold for some input: a bug.
public struct PropertyViolation: Error, CustomStringConvertible {
    /// The property, such as `P1`.
    public let property: String
    public let detail: String

    public init(property: String, detail: String) {
        self.property = property
        self.detail = detail
    }

    public var description: String { "\(property): \(detail)" }
}

/// Throws unless the condition holds; `detail` is put together only if it does not.
public func require(
    _ property: String, _ condition: Bool, _ detail: @autoclosure () -> String
) throws(PropertyViolation) {
    if !condition { throw PropertyViolation(property: property, detail: detail()) }
}

/// The value of an expression that must not throw.
func demand<T, Failure: Error>(
    _ property: String, _ detail: @autoclosure () -> String, _ body: () throws(Failure) -> T
) throws(PropertyViolation) -> T {
    do throws(Failure) {
        return try body()
    } catch {
        throw PropertyViolation(property: property, detail: "\(detail()): \(error)")
    }
}

/// Bytes as hexadecimal digits, at most the first 400.
func hex(_ bytes: [UInt8]) -> String {
    let digits = bytes.prefix(400).map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return digits.joined() + (bytes.count > 400 ? "… (\(bytes.count) bytes)" : "")
}
