internal import AssayMessages
internal import RPC

/// The rows of an inference request, in the order of a version's fields.
///
/// Either one tensor holds them all, in the shape [rows, fields], or each field has a tensor of its
/// name, in the shape [rows] or [rows, 1].
struct TensorRows: Sendable {
    typealias Tensor = OpenInference.ModelInferRequest.InferInputTensor

    /// Most rows of one call.
    static let mostRows = 4_096

    let rows: Int
    /// Names of the columns.
    let fields: [String]
    /// Row by row; NaN where a text stands instead.
    private(set) var values: [Double]
    /// Columns whose categories are given by text, each with one text per row.
    private(set) var texts: [(field: String, texts: [String])] = []

    init(
        _ request: OpenInference.ModelInferRequest, fields: [String]
    ) throws(RPCError) {
        guard !request.inputs.isEmpty else { throw .invalid("inputs", "there are none") }
        let isRaw = !request.rawInputContents.isEmpty
        guard !isRaw || request.rawInputContents.count == request.inputs.count else {
            throw .invalid(
                "raw_input_contents",
                "expected one for each of the \(request.inputs.count) inputs, got "
                    + "\(request.rawInputContents.count)")
        }
        var tensors: [(tensor: Tensor, shape: [Int], data: TensorData, place: String)] = []
        for (index, tensor) in request.inputs.enumerated() {
            let place = "inputs[\(index)] \(tensor.name)"
            let shape = try Self.shape(tensor, place)
            let data = try Self.data(
                tensor, shape, isRaw ? request.rawInputContents[index] : nil, place)
            tensors.append((tensor, shape, data, place))
        }
        self.fields = fields
        let rows = tensors[0].shape[0]
        self.rows = rows
        if tensors.count == 1, let tensor = tensors.first, tensor.shape.count == 2,
            tensor.shape[1] == fields.count,
            fields.count > 1 || !fields.contains(tensor.tensor.name)
        {
            guard case .numbers(let numbers) = tensor.data else {
                throw .invalid(
                    tensor.place, "texts stand in a tensor for each field, of the field's name")
            }
            values = numbers
            return
        }
        // Room for all rows comes after the check that all fields have theirs.
        var columns: [Int] = []
        var open = Set(fields)
        let places = Dictionary(
            fields.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        for (tensor, shape, _, place) in tensors {
            guard let column = places[tensor.name] else {
                throw .invalid(
                    place,
                    "the model has no such field"
                        + NearNames.hint(tensor.name, among: fields)
                        + "; or send one tensor of shape [rows, \(fields.count)]")
            }
            guard open.remove(tensor.name) != nil else {
                throw .invalid(place, "the field is given twice")
            }
            guard shape.count == 1 || shape[1] == 1 else {
                throw .invalid(place, "a field's shape is [rows] or [rows, 1], not \(shape)")
            }
            guard shape[0] == rows else {
                throw .invalid(place, "\(shape[0]) rows, where the first input has \(rows)")
            }
            columns.append(column)
        }
        if let missing = fields.first(where: open.contains) {
            let others = open.count > 1 ? ", and so are \(open.count - 1) more fields" : ""
            throw .invalid("inputs", "\(missing) is missing\(others)")
        }
        values = [Double](repeating: .nan, count: rows * fields.count)
        for ((tensor, _, data, _), column) in zip(tensors, columns) {
            switch data {
            case .numbers(let numbers):
                for row in 0..<rows { values[row * fields.count + column] = numbers[row] }
            case .texts(let given): texts.append((tensor.name, given))
            }
        }
    }

    /// The values of a row.
    func values(_ row: Int) -> [Double] {
        Array(values[row * fields.count..<(row + 1) * fields.count])
    }

    /// The texts of a row; an empty one is a missing category.
    func texts(_ row: Int) -> [AssayModelsV1.CategoryText] {
        texts.filter { !$0.texts[row].isEmpty }
            .map { .init(field: $0.field, text: $0.texts[row]) }
    }

    // MARK: Tensors

    private static func shape(_ tensor: Tensor, _ place: String) throws(RPCError) -> [Int] {
        guard 1...2 ~= tensor.shape.count else {
            throw .invalid(place, "the shape is [rows] or [rows, fields], not \(tensor.shape)")
        }
        guard 1...Int64(mostRows) ~= tensor.shape[0] else {
            throw .invalid(place, "expected 1 to \(mostRows) rows, got \(tensor.shape[0])")
        }
        guard tensor.shape.allSatisfy({ 1...65_536 ~= $0 }) else {
            throw .invalid(place, "the shape \(tensor.shape) is no shape of rows and fields")
        }
        return tensor.shape.map { Int($0) }
    }

    private static func data(
        _ tensor: Tensor, _ shape: [Int], _ raw: [UInt8]?, _ place: String
    ) throws(RPCError) -> TensorData {
        guard let type = TensorType(rawValue: tensor.datatype) else {
            let known = TensorType.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(
                place, "the datatype \"\(tensor.datatype)\" is not read; expected one of \(known)")
        }
        let reader = TensorReader(type: type, count: shape.reduce(1, *), place: place)
        if let raw {
            guard tensor.contents == nil else {
                throw .invalid(place, "contents stand beside raw_input_contents")
            }
            return try reader.raw(raw)
        }
        guard let contents = tensor.contents else {
            throw .invalid(place, "there are no contents")
        }
        return try reader.typed(contents)
    }
}
