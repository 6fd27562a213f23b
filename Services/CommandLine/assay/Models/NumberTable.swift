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

    /// - Parameter single: the numbers are float32, so that fewer digits name them.
    mutating func row(_ values: some Sequence<Double>, single: Bool = false) {
        line(values.map { text($0, single) })
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

    private func text(_ value: Double, _ single: Bool) -> String {
        if hexadecimal { return HexFloat.text(value) }
        return single ? Float(value).description : value.description
    }
}
