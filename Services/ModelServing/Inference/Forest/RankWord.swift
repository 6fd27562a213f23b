/// What the words of a walk are: the rank of a threshold in the upper half, and in the lower half
/// the slot whose rank it is compared with, so that `word < slot` exactly if the row's rank is above
/// the threshold's.
///
/// A slot holds a rank in its upper half and zeros; one that is above all thresholds, or a missing
/// value that goes right, is all ones. No word is: the last slot is not used. Slot 0 always holds 0,
/// so that a word of zeros sends every row left.
protocol RankWord: FixedWidthInteger, UnsignedInteger, BitwiseCopyable, Sendable {
    static func slots(of scratch: ModelScratch) -> UnsafeMutablePointer<Self>
    /// Stores the two slots of four columns.
    ///
    /// - Parameter ranks: below the largest, so that none is above all words.
    static func store(
        _ ranks: SIMD4<UInt32>, missing: SIMDMask<SIMD4<Int32>>,
        to slots: UnsafeMutablePointer<Self>)
    static func words(of nodes: ForestNodes) -> ForestBlock.Section<Self>
    static func siblings(
        of nodes: ForestNodes
    ) -> ForestBlock.Section<ForestLayout.Sibling<Self>>
}

extension RankWord {
    @inline(__always) static var halfWidth: Int { bitWidth / 2 }
    /// Thresholds that one column holds; ranks go from 0 to it.
    static var largestColumn: Int { 1 << halfWidth }
    /// Including the constant one.
    static var largestSlotCount: Int { 1 << halfWidth - 1 }

    @inline(__always)
    init(rank: Int) {
        self.init(truncatingIfNeeded: Swift.min(rank &<< Self.halfWidth, Int(Self.max)))
    }

    /// Of the slot that the word is compared with.
    @inline(__always)
    var slot: Int { Int(self & (1 &<< Self(Self.halfWidth) &- 1)) }
}

/// The nodes of a forest, in one of the two widths.
struct ForestNodes: Sendable {
    var narrowWords: ForestBlock.Section<UInt16>
    var narrowSiblings: ForestBlock.Section<ForestLayout.Sibling<UInt16>>
    var wideWords: ForestBlock.Section<UInt32>
    var wideSiblings: ForestBlock.Section<ForestLayout.Sibling<UInt32>>

    init(_ layout: ForestLayout, isNarrow: Bool, in builder: inout ForestBlock.Builder) {
        narrowWords = builder.add(isNarrow ? layout.words.map { UInt16($0) } : [])
        narrowSiblings = builder.add(
            isNarrow
                ? layout.siblings.map { .init(word: UInt16($0.word), left: UInt16($0.left)) } : [])
        wideWords = builder.add(isNarrow ? [] : layout.words)
        wideSiblings = builder.add(isNarrow ? [] : layout.siblings)
    }
}

extension UInt16: RankWord {
    @inline(__always)
    static func store(
        _ ranks: SIMD4<UInt32>, missing: SIMDMask<SIMD4<Int32>>,
        to slots: UnsafeMutablePointer<UInt16>
    ) {
        let words = ranks &<< SIMD4(repeating: 8)
        let right = words.replacing(with: UInt32(UInt16.max), where: missing)
        UnsafeMutableRawPointer(slots).storeBytes(
            of: words | right &<< SIMD4(repeating: 16), as: SIMD4<UInt32>.self)
    }

    @inline(__always)
    static func slots(of scratch: ModelScratch) -> UnsafeMutablePointer<UInt16> {
        scratch.narrowSlots
    }

    @inline(__always)
    static func words(of nodes: ForestNodes) -> ForestBlock.Section<UInt16> { nodes.narrowWords }

    @inline(__always)
    static func siblings(
        of nodes: ForestNodes
    ) -> ForestBlock.Section<ForestLayout.Sibling<UInt16>> { nodes.narrowSiblings }
}

extension UInt32: RankWord {
    @inline(__always)
    static func store(
        _ ranks: SIMD4<UInt32>, missing: SIMDMask<SIMD4<Int32>>,
        to slots: UnsafeMutablePointer<UInt32>
    ) {
        let words = ranks &<< SIMD4(repeating: 16)
        let right = words.replacing(with: UInt32.max, where: missing)
        for lane in 0..<4 {
            slots[2 * lane] = words[lane]
            slots[2 * lane + 1] = right[lane]
        }
    }

    @inline(__always)
    static func slots(of scratch: ModelScratch) -> UnsafeMutablePointer<UInt32> {
        scratch.wideSlots
    }

    @inline(__always)
    static func words(of nodes: ForestNodes) -> ForestBlock.Section<UInt32> { nodes.wideWords }

    @inline(__always)
    static func siblings(
        of nodes: ForestNodes
    ) -> ForestBlock.Section<ForestLayout.Sibling<UInt32>> { nodes.wideSiblings }
}
