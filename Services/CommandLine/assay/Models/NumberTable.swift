import Foundation
import Numerics

/// A table of numbers on its way to standard output.
struct NumberTable {
    let hexadecimal: Bool
    private var bytes: [UInt8] = []

    init(hexadecimal: Bool) { self.hexadecimal = hexadecimal }

    mutating func header(_ name: String, count: Int) {
        line((0..<count).map { "\(name)_\($0)" })
    }

    /// What the numbers of a row are, so that no more digits are printed than name them.
    enum Width { case whole, single, double }

    mutating func row(_ values: some Sequence<Double>, _ width: Width = .double) {
        line(values.map { text($0, width) })
        if bytes.count > 1 << 16 { flush() }
    }

    mutating func flush() {
        FileHandle.standardOutput.write(Data(bytes))
        bytes.removeAll(keepingCapacity: true)
    }

    private mutating func line(_ cells: [String]) {
        bytes += cells.joined(separator: ",").utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    private func text(_ value: Double, _ width: Width) -> String {
        if hexadecimal { return HexFloat.text(value) }
        switch width {
        case .whole: return Int(exactly: value).map(String.init) ?? value.description
        case .single: return Float(value).description
        case .double: return value.description
        }
    }
}
