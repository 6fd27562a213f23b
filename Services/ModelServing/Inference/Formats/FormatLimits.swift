/// What a model file may ask for before it is refused.
public struct FormatLimits: Hashable, Sendable {
    /// At most 512 MiB: offsets into a file are held in 29 bits.
    public var artifactBytes = 512 << 20
    public var depth = 128
    /// Depth of files that nest the nodes of a tree.
    public var nestedTreeDepth = 1_024
    public var stringBytes = 64 << 10
    /// The history of training, which CatBoost keeps as one text.
    public var historyBytes = 16 << 20
    /// Digits, sign, point and exponent of one number.
    public var numberBytes = 128
    /// Keys of one object; they are compared pairwise for duplicates.
    public var keysPerObject = 128
    public var trees = 100_000
    public var nodesPerTree = 1 << 20
    public var nodes = 50_000_000
    public var treeDepth = 512
    public var inputs = 4_096
    public var outputs = 1_024
    /// Categories of one input that have a name.
    public var vocabulary = 65_536
    /// What a loader may keep of a file, its bytes not counted.
    public var heldBytes = Int.max

    public init() {}

    /// These limits for a file of so many bytes, of which a part is held already.
    func forFile(bytes: Int, held: Int = 0) -> FormatLimits {
        var limits = self
        limits.heldBytes = min(heldBytes, 4 * bytes + 64 << 20) - held
        return limits
    }

    /// Why no more can be kept, or nil.
    func overrun(_ held: Int) -> String? {
        held <= heldBytes
            ? nil
            : "the model would take more than \(heldBytes >> 20) MiB of memory, too much for a file "
                + "of its size"
    }
}
