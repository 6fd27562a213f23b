/// A value that is no list, map or record: what a host puts into a frame without making constants.
public enum Scalar: Sendable, Hashable {
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case text(String)
    case timestamp(Instant)
    /// The position of a label.
    case category(Int)
    case place(Coordinates)
}
