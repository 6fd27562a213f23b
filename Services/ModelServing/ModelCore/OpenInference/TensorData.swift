internal import AssayMessages
internal import RPC

/// The element types of tensors that hold inputs of a model.
enum TensorType: String, CaseIterable, Sendable {
    case bool = "BOOL"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case single = "FP32"
    case double = "FP64"
    case bytes = "BYTES"

    /// Of one element in raw contents; nil for texts, which carry their length.
    var byteCount: Int? {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .single: 4
        case .int64, .uint64, .double: 8
        case .bytes: nil
        }
    }
}

/// The elements of one tensor, in row-major order.
enum TensorData: Sendable {
    /// Numbers that are all exact in float64.
    case numbers([Double])
    case texts([String])

    var count: Int {
        switch self {
        case .numbers(let numbers): numbers.count
        case .texts(let texts): texts.count
        }
    }
}

/// Reads a tensor's elements, typed or raw, and says what is wrong with them.
struct TensorReader {
    let type: TensorType
    /// What the shape says.
    let count: Int
    /// Such as "inputs[2]", with the tensor's name.
    let place: String

    private func refused(_ problem: String) -> RPCError { .invalid(place, problem) }

    private func checked<Element>(_ elements: [Element]) throws(RPCError) -> [Element] {
        guard elements.count == count else {
            throw refused("the shape has \(count) elements, the contents \(elements.count)")
        }
        return elements
    }

    // MARK: Typed contents

    func typed(_ contents: OpenInference.InferTensorContents) throws(RPCError) -> TensorData {
        let filled = Self.filled(contents)
        if let other = filled.first(where: { $0 != list }) {
            throw refused("elements of \(type.rawValue) stand in \(list), these in \(other)")
        }
        switch type {
        case .bool: return .numbers(try checked(contents.boolContents).map { $0 ? 1 : 0 })
        case .int8, .int16, .int32:
            return .numbers(try whole(contents.intContents.map(Int64.init)))
        case .int64: return .numbers(try whole(contents.int64Contents))
        case .uint8, .uint16, .uint32:
            return .numbers(try whole(contents.uintContents.map(UInt64.init)))
        case .uint64: return .numbers(try whole(contents.uint64Contents))
        case .single: return .numbers(try checked(contents.fp32Contents).map(Double.init))
        case .double: return .numbers(try checked(contents.fp64Contents))
        case .bytes: return .texts(try texts(checked(contents.bytesContents)))
        }
    }

    /// The list that elements of the type stand in.
    private var list: String {
        switch type {
        case .bool: "bool_contents"
        case .int8, .int16, .int32: "int_contents"
        case .int64: "int64_contents"
        case .uint8, .uint16, .uint32: "uint_contents"
        case .uint64: "uint64_contents"
        case .single: "fp32_contents"
        case .double: "fp64_contents"
        case .bytes: "bytes_contents"
        }
    }

    private static func filled(_ contents: OpenInference.InferTensorContents) -> [String] {
        [
            ("bool_contents", contents.boolContents.isEmpty),
            ("int_contents", contents.intContents.isEmpty),
            ("int64_contents", contents.int64Contents.isEmpty),
            ("uint_contents", contents.uintContents.isEmpty),
            ("uint64_contents", contents.uint64Contents.isEmpty),
            ("fp32_contents", contents.fp32Contents.isEmpty),
            ("fp64_contents", contents.fp64Contents.isEmpty),
            ("bytes_contents", contents.bytesContents.isEmpty),
        ].filter { !$0.1 }.map(\.0)
    }

    /// Whole numbers within their type, and so small that float64 holds each of them.
    private func whole<Integer: FixedWidthInteger>(
        _ elements: [Integer]
    ) throws(RPCError) -> [Double] {
        let elements = try checked(elements)
        var numbers: [Double] = []
        numbers.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard fits(element) else {
                throw refused("element \(index) is \(element), which is no \(type.rawValue)")
            }
            guard let number = Double(exactly: element) else {
                throw refused("element \(index) is \(element), which float64 cannot hold")
            }
            numbers.append(number)
        }
        return numbers
    }

    private func fits(_ element: some FixedWidthInteger) -> Bool {
        switch type {
        case .int8: Int8(exactly: element) != nil
        case .int16: Int16(exactly: element) != nil
        case .uint8: UInt8(exactly: element) != nil
        case .uint16: UInt16(exactly: element) != nil
        default: true
        }
    }

    private func texts(_ elements: [[UInt8]]) throws(RPCError) -> [String] {
        var texts: [String] = []
        texts.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard let text = String(validating: element, as: UTF8.self) else {
                throw refused("element \(index) is not UTF-8")
            }
            texts.append(text)
        }
        return texts
    }

    // MARK: Raw contents

    /// Little-endian; texts have their length in front, in four bytes.
    func raw(_ bytes: [UInt8]) throws(RPCError) -> TensorData {
        guard let width = type.byteCount else {
            return .texts(try texts(checked(try split(bytes))))
        }
        let (size, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow, size == bytes.count else {
            throw refused(
                "\(count) elements of \(type.rawValue) have \(overflow ? "too many" : "\(size)") "
                    + "bytes, the raw contents \(bytes.count)")
        }
        switch type {
        case .bool:
            if let index = bytes.firstIndex(where: { $0 > 1 }) {
                throw refused("element \(index) is \(bytes[index]), which is no BOOL")
            }
            return .numbers(bytes.map(Double.init))
        case .int8: return .numbers(try whole(Self.integers(bytes, of: Int8.self)))
        case .int16: return .numbers(try whole(Self.integers(bytes, of: Int16.self)))
        case .int32: return .numbers(try whole(Self.integers(bytes, of: Int32.self)))
        case .int64: return .numbers(try whole(Self.integers(bytes, of: Int64.self)))
        case .uint8: return .numbers(try whole(bytes))
        case .uint16: return .numbers(try whole(Self.integers(bytes, of: UInt16.self)))
        case .uint32: return .numbers(try whole(Self.integers(bytes, of: UInt32.self)))
        case .uint64: return .numbers(try whole(Self.integers(bytes, of: UInt64.self)))
        case .single:
            return .numbers(
                Self.integers(bytes, of: UInt32.self).map { Double(Float(bitPattern: $0)) })
        case .double, .bytes:
            return .numbers(
                Self.integers(bytes, of: UInt64.self).map { Double(bitPattern: $0) })
        }
    }

    private static func integers<Integer: FixedWidthInteger>(
        _ bytes: [UInt8], of type: Integer.Type
    ) -> [Integer] {
        let width = Integer.bitWidth / 8
        return bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / width).map {
                Integer(
                    littleEndian: bytes.loadUnaligned(
                        fromByteOffset: $0 * width, as: Integer.self))
            }
        }
    }

    private func split(_ bytes: [UInt8]) throws(RPCError) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard elements.count < count else {
                throw refused("the shape has \(count) elements, the raw contents have more")
            }
            let head = rest.prefix(4)
            let length = head.reversed().reduce(0) { $0 << 8 | Int($1) }
            guard head.count == 4, length <= rest.count - 4 else {
                throw refused(
                    "element \(elements.count) ends behind the raw contents: expected its length "
                        + "in four bytes, then its bytes")
            }
            elements.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return elements
    }
}
