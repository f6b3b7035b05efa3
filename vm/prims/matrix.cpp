// Dense matrices of floats, kept as frozen lists of their elements row by row. What takes a list here copies its
// floats first and polls then, so that neither the collector nor a handler can move anything under a loop. The
// callers, in stdlib/library/matrix.ind, name shapes in their errors; here they are only checked.
#include "vm/model/list.h"
#include "vm/prims/number_arguments.h"
#include "vm/prims/number_tables.h"
#include "vm/prims/sequence.h"
#include <algorithm>
#include <cmath>
#include <vector>

namespace indent {

namespace {

using Floats = std::vector<double>;

constexpr size_t kMostElements = size_t(1) << 24;

// args[i] as `count` floats. False: a handler has given `resumed` for the answer.
bool floats_argument(Machine& vm, Value* args, int i, size_t count, Floats& floats, Value& resumed) {
    bool fits = is_list(args[i]) && list_size(args[i]) == count;
    if (fits) {
        floats.resize(count);
        const Value* elements = list_elements(args[i]);
        for (size_t k = 0; k < count && fits; ++k) {
            fits = elements[k].is_float();
            if (fits) floats[k] = elements[k].as_float();
        }
    }
    if (!fits) resumed = vm.wrong_type(args, i, "a List of " + std::to_string(count) + " Floats");
    return fits;
}

bool size_argument(Machine& vm, Value* args, int i, size_t& size, Value& resumed) {
    bool fits =
        args[i].is_integer() && args[i].as_integer() > 0 && args[i].as_integer() <= int64_t(kMostElements);
    if (fits)
        size = size_t(args[i].as_integer());
    else
        resumed = vm.wrong_type(args, i, "a size of a Matrix");
    return fits;
}

// A matrix may have so many elements.
bool check_area(Machine& vm, Value* args, size_t rows, size_t columns, Value& resumed) {
    if (rows <= kMostElements / columns) return true;
    resumed = vm.fail("ArgumentError",
                      "a Matrix of " + std::to_string(rows) + " × " + std::to_string(columns) +
                          " has more elements than the 16777216 that it may have",
                      args);
    return false;
}

// A frozen list of the floats. Uses args[15].
Value frozen_list(Machine& vm, Value* args, const Floats& floats) {
    args[15] = vm.list(floats.size(), args);
    Value* top = args + kPrimitiveFrame;
    *top = Value::floating(0);
    if (!list_resize(vm, args[15], floats.size(), *top, top + 1)) assert(false);
    Cell* storage = list_storage(args[15]);
    if (!floats.empty() && !may_change(vm, storage, 1, floats.size())) assert(false);
    for (size_t i = 0; i < floats.size(); ++i) (*storage)[1 + i] = Value::floating(floats[i]);
    list_freeze(vm, args[15]);
    return args[15];
}

// A list of numbers of any kind as a frozen one of floats.
Value matrix_values(Machine& vm, Value* args) {
    if (!is_list(args[1])) return vm.wrong_type(args, 1, "a List");
    Value resumed;
    if (!check_area(vm, args, list_size(args[1]), 1, resumed)) return resumed;
    Floats floats;
    floats.reserve(list_size(args[1]));
    for (size_t i = 0; i < list_size(args[1]); ++i) {
        poll_sometimes(vm, i, args);
        if (i >= list_size(args[1])) break;
        args[2] = list_get(args[1], i);
        double number;
        if (!float_argument(vm, args, 2, number, resumed)) return resumed;
        floats.push_back(number);
    }
    return frozen_list(vm, args, floats);
}

// (rows, columns, value): all the same.
Value matrix_filled(Machine& vm, Value* args) {
    size_t rows, columns;
    double number;
    Value resumed;
    if (!size_argument(vm, args, 1, rows, resumed) || !size_argument(vm, args, 2, columns, resumed) ||
        !check_area(vm, args, rows, columns, resumed) || !float_argument(vm, args, 3, number, resumed))
        return resumed;
    return frozen_list(vm, args, Floats(rows * columns, number));
}

// (a, b, factor): a + factor * b.
Value matrix_sum(Machine& vm, Value* args) {
    Floats a, b;
    double factor;
    Value resumed;
    if (!is_list(args[1])) return vm.wrong_type(args, 1, "a List");
    size_t size = list_size(args[1]);
    if (!float_argument(vm, args, 3, factor, resumed) || !floats_argument(vm, args, 1, size, a, resumed) ||
        !floats_argument(vm, args, 2, size, b, resumed))
        return resumed;
    for (size_t i = 0; i < size; ++i) a[i] += factor * b[i];
    return frozen_list(vm, args, a);
}

// (a, factor)
Value matrix_scaled(Machine& vm, Value* args) {
    Floats a;
    double factor;
    Value resumed;
    if (!is_list(args[1])) return vm.wrong_type(args, 1, "a List");
    if (!float_argument(vm, args, 2, factor, resumed) ||
        !floats_argument(vm, args, 1, list_size(args[1]), a, resumed))
        return resumed;
    for (double& x : a) x *= factor;
    return frozen_list(vm, args, a);
}

// (a, rows, columns)
Value matrix_transposed(Machine& vm, Value* args) {
    size_t rows, columns;
    Floats a;
    Value resumed;
    if (!size_argument(vm, args, 2, rows, resumed) || !size_argument(vm, args, 3, columns, resumed) ||
        !floats_argument(vm, args, 1, rows * columns, a, resumed))
        return resumed;
    Floats result(a.size());
    for (size_t i = 0; i < rows; ++i)
        for (size_t j = 0; j < columns; ++j) result[j * rows + i] = a[i * columns + j];
    return frozen_list(vm, args, result);
}

// (a, rows, inner, b, columns). Row by row of `b`, which stands in memory in that order.
Value matrix_product(Machine& vm, Value* args) {
    size_t rows, inner, columns;
    Floats a, b;
    Value resumed;
    if (!size_argument(vm, args, 2, rows, resumed) || !size_argument(vm, args, 3, inner, resumed) ||
        !size_argument(vm, args, 5, columns, resumed) || !check_area(vm, args, rows, columns, resumed) ||
        !floats_argument(vm, args, 1, rows * inner, a, resumed) ||
        !floats_argument(vm, args, 4, inner * columns, b, resumed))
        return resumed;
    Floats result(rows * columns);
    size_t steps = 0;
    for (size_t i = 0; i < rows; ++i)
        for (size_t k = 0; k < inner; ++k) {
            double factor = a[i * inner + k];
            const double* from = &b[k * columns];
            double* to = &result[i * columns];
            for (size_t j = 0; j < columns; ++j) to[j] += factor * from[j];
            if ((steps += columns + 4) >= 4096) {
                steps = 0;
                vm.poll(args);
            }
        }
    return frozen_list(vm, args, result);
}

// (a, size) -> [L and U in one square, order of the rows, sign of that order]; nil where it is singular. With the
// greatest pivot of each column.
Value matrix_lu(Machine& vm, Value* args) {
    size_t n;
    Floats a;
    Value resumed;
    if (!size_argument(vm, args, 2, n, resumed) || !check_area(vm, args, n, n, resumed) ||
        !floats_argument(vm, args, 1, n * n, a, resumed))
        return resumed;
    Floats order(n);
    for (size_t i = 0; i < n; ++i) order[i] = double(i);
    double sign = 1;
    size_t steps = 0;
    for (size_t k = 0; k < n; ++k) {
        size_t pivot = k;
        for (size_t i = k + 1; i < n; ++i)
            if (std::fabs(a[i * n + k]) > std::fabs(a[pivot * n + k])) pivot = i;
        if (a[pivot * n + k] == 0) return Value::nil();
        if (pivot != k) {
            std::swap_ranges(&a[k * n], &a[k * n] + n, &a[pivot * n]);
            std::swap(order[k], order[pivot]);
            sign = -sign;
        }
        for (size_t i = k + 1; i < n; ++i) {
            double factor = a[i * n + k] /= a[k * n + k];
            for (size_t j = k + 1; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
            if ((steps += n - k + 4) >= 4096) {
                steps = 0;
                vm.poll(args);
            }
        }
    }
    args[3] = vm.list(3, args);
    args[4] = frozen_list(vm, args, a);
    args[5] = frozen_list(vm, args, order);
    args[6] = Value::floating(sign);
    for (int i : {4, 5, 6})
        if (!list_add(vm, args[3], args[i], args + kPrimitiveFrame)) assert(false);
    return args[3];
}

// (lu, order, size, b, columns): x where a x = b, forwards through L and back through U.
Value matrix_solve(Machine& vm, Value* args) {
    size_t n, columns;
    Floats lu, order, b;
    Value resumed;
    if (!size_argument(vm, args, 3, n, resumed) || !size_argument(vm, args, 5, columns, resumed) ||
        !check_area(vm, args, n, columns, resumed) || !floats_argument(vm, args, 1, n * n, lu, resumed) ||
        !floats_argument(vm, args, 2, n, order, resumed) ||
        !floats_argument(vm, args, 4, n * columns, b, resumed))
        return resumed;
    Floats x(n * columns);
    for (size_t i = 0; i < n; ++i) {
        if (!(order[i] >= 0 && order[i] < double(n))) return vm.wrong_type(args, 2, "an order of rows");
        std::copy_n(&b[size_t(order[i]) * columns], columns, &x[i * columns]);
    }
    size_t steps = 0;
    auto take_off = [&](size_t i, size_t k) {
        double factor = lu[i * n + k];
        for (size_t j = 0; j < columns; ++j) x[i * columns + j] -= factor * x[k * columns + j];
        if ((steps += columns + 4) >= 4096) {
            steps = 0;
            vm.poll(args);
        }
    };
    for (size_t i = 0; i < n; ++i)
        for (size_t k = 0; k < i; ++k) take_off(i, k);
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; ++k) take_off(i, k);
        for (size_t j = 0; j < columns; ++j) x[i * columns + j] /= lu[i * n + i];
    }
    return frozen_list(vm, args, x);
}

constexpr PrimitiveRow kMatrixRows[] = {
    {"_matrix_values", 1, matrix_values},
    {"_matrix_filled", 3, matrix_filled},
    {"_matrix_sum", 3, matrix_sum},
    {"_matrix_scaled", 2, matrix_scaled},
    {"_matrix_transposed", 3, matrix_transposed},
    {"_matrix_product", 5, matrix_product},
    {"_matrix_lu", 2, matrix_lu},
    {"_matrix_solve", 5, matrix_solve},
};

} // namespace

PrimitiveTable matrix_primitives() {
    return {"", kMatrixRows};
}

} // namespace indent
