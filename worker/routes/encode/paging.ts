/** Where a page stands among its neighbours, as privacyIDEA's lists say it. */
export const paging = (count: number, current: number, pageSize: number) => ({
  count,
  current,
  next: current * pageSize < count ? current + 1 : null,
  prev: current > 1 ? current - 1 : null,
})
