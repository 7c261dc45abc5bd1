// The linear maps of Winograd F(2x2, 2x2) on vectors of channels, and their adjoints. In one dimension
//   y0 = d0 g0 + d1 g1,  y1 = d1 g0 + d2 g1   with   m = (B d) * (G g),  y = A m
//   B d = (d0 - d1, d1, d2 - d1)   G g = (g0, g0 + g1, g1)   A m = (m0 + m1, m1 + m2)
// and in two dimensions rows first, then columns.
#pragma once

namespace ganymede::kernels::cpu {

template <class V>
void input_transform(V (&d)[3][3]) {
  for (auto& row : d) row[0] -= row[1], row[2] -= row[1];
  for (int j = 0; j < 3; ++j) d[0][j] -= d[1][j], d[2][j] -= d[1][j];
}

template <class V>
void input_adjoint(V (&v)[3][3]) {
  for (auto& row : v) row[1] -= row[0] + row[2];
  for (int j = 0; j < 3; ++j) v[1][j] -= v[0][j] + v[2][j];
}

template <class V>
void filter_transform(const V (&g)[2][2], V (&u)[3][3]) {
  for (int i = 0; i < 2; ++i) u[2 * i][0] = g[i][0], u[2 * i][1] = g[i][0] + g[i][1], u[2 * i][2] = g[i][1];
  for (int j = 0; j < 3; ++j) u[1][j] = u[0][j] + u[2][j];
}

template <class V>
void output_transform(const V (&m)[3][3], V (&y)[2][2]) {
  V sums[2][3];
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j) sums[i][j] = m[i][j] + m[i + 1][j];
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) y[i][j] = sums[i][j] + sums[i][j + 1];
}

// The adjoints of filter and output transform are one another's map: G^T = A and A^T = G.
template <class V>
void filter_adjoint(const V (&u)[3][3], V (&g)[2][2]) {
  output_transform(u, g);
}
template <class V>
void output_adjoint(const V (&y)[2][2], V (&m)[3][3]) {
  filter_transform(y, m);
}

}  // namespace ganymede::kernels::cpu
