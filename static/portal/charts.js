/* Charts. Data come from json_script blocks, which are never executed; no inline handlers, styles or eval.

   <div data-chart="line" data-src="ID" role="img" aria-labelledby=… aria-describedby=TABLE></div>
   line, bar, hbar, hbar-stack: {labels, series: [{name, data, muted}], links, percent}; heat: {x, y, data: [[i, j, n]]}
   An unknown value is null. `links` (one per label) make bars lead to the list behind them. */
(function () {
  "use strict";
  var INK = "#4a5666", DARK = "#1d2733", GRID = "#e3e9f1", AXIS = "#c2cbd8", MUTED = "#8796ab";
  var COLOURS = ["#1d5fb8", "#a9bedb", "#2f9e8f", "#d07a0c", "#7b61b5"];
  var LANG = document.documentElement.lang, CHINESE = LANG.indexOf("zh") === 0;
  var figures = new Intl.NumberFormat(CHINESE ? "zh-CN" : "en", { maximumFractionDigits: 2 });
  var rates = new Intl.NumberFormat(CHINESE ? "zh-CN" : "en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  function exact(value, data) {
    if (value === null || value === undefined || value === "" || value === "-") return "-";
    return data && data.percent ? rates.format(value) : figures.format(value);
  }
  function tick(value, data) {
    if (data.percent) return Math.round(value * 100) + "%";
    if (CHINESE && Math.abs(value) >= 1e8) return figures.format(value / 1e8) + "亿";
    if (CHINESE && Math.abs(value) >= 1e4) return figures.format(value / 1e4) + "万";
    if (!CHINESE && Math.abs(value) >= 1e6) return figures.format(value / 1e6) + " M";
    return figures.format(value);
  }
  function base(data) {
    return {
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, color: INK },
      color: COLOURS, animation: false, aria: { enabled: true },
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true, borderColor: "#c9d2df", textStyle: { fontSize: 12, color: DARK },
        axisPointer: { type: "shadow", shadowStyle: { color: "rgba(20,80,159,.06)" } },
        valueFormatter: function (value) { return exact(value, data); },
      },
      legend: { top: 0, right: 0, itemWidth: 12, itemHeight: 8, icon: "rect", textStyle: { color: INK } },
      grid: { left: 4, right: 16, top: 30, bottom: 4, containLabel: true },
    };
  }
  function categories(data) {
    return { type: "category", data: data, axisTick: { show: false }, axisLine: { lineStyle: { color: AXIS } }, axisLabel: { color: INK, fontSize: 12 } };
  }
  function values(data) {
    return { type: "value", splitNumber: narrow() ? 3 : 5, splitLine: { lineStyle: { color: GRID } }, axisLine: { show: false }, axisLabel: { color: INK, fontSize: 12, formatter: function (value) { return tick(value, data); } } };
  }
  function narrow() { return window.innerWidth < 768; }
  function alone(data) { return data.series.length < 2; }
  var kinds = {
    line: function (data) {
      var option = base(data);
      option.tooltip.axisPointer = { type: "line", lineStyle: { color: "#9fb0c6" } };
      option.legend.icon = undefined;
      option.legend.itemWidth = 18;
      option.legend.show = !alone(data);
      option.grid.right = 20;
      option.xAxis = Object.assign(categories(data.labels), { boundaryGap: false });
      option.yAxis = values(data);
      option.series = data.series.map(function (series, index) {
        var colour = series.muted ? MUTED : COLOURS[index];
        return {
          type: "line", name: series.name, data: series.data, symbol: "circle", symbolSize: series.muted ? 4 : 6, z: series.muted ? 2 : 3,
          lineStyle: { width: series.muted ? 1.5 : 2.5, type: series.muted ? "dashed" : "solid", color: colour }, itemStyle: { color: colour },
          areaStyle: series.muted || index ? undefined : { color: "rgba(29,95,184,.07)" },
        };
      });
      return option;
    },
    bar: function (data) {
      var option = base(data);
      option.legend.show = !alone(data);
      if (alone(data)) option.grid.top = 12;
      option.xAxis = categories(data.labels);
      option.yAxis = values(data);
      option.series = data.series.map(function (series, index) {
        return { type: "bar", name: series.name, data: series.data, barMaxWidth: 26, itemStyle: { color: series.muted ? "#c3cfde" : COLOURS[index] } };
      });
      return option;
    },
    hbar: function (data, stacked) {
      var option = base(data), single = alone(data);
      option.yAxis = Object.assign(categories(data.labels), { inverse: true, axisLine: { show: false } });
      option.yAxis.axisLabel.width = narrow() ? 100 : 132;
      option.yAxis.axisLabel.overflow = "truncate";
      option.xAxis = values(data);
      if (single) { option.legend.show = false; option.grid.top = 4; option.grid.right = 56; }
      option.series = data.series.map(function (series, index) {
        return {
          type: "bar", name: series.name, stack: stacked ? "all" : undefined, data: series.data, barMaxWidth: 14, itemStyle: { color: COLOURS[index] },
          label: single ? { show: true, position: "right", color: INK, fontSize: 12, formatter: function (item) { return exact(item.value, data); } } : undefined,
        };
      });
      return option;
    },
    "hbar-stack": function (data) { return kinds.hbar(data, true); },
    heat: function (data) {
      var option = base(data);
      var most = data.data.reduce(function (high, cell) { return Math.max(high, cell[2] || 0); }, 0);
      option.tooltip.trigger = "item";
      option.tooltip.axisPointer = undefined;
      option.tooltip.formatter = function (item) { return data.y[item.value[1]] + " · " + data.x[item.value[0]] + "  " + exact(item.value[2]); };
      option.legend.show = false;
      option.grid = { left: 8, right: 8, top: 4, bottom: 34, containLabel: true };
      option.xAxis = Object.assign(categories(data.x), { axisLine: { show: false } });
      option.xAxis.axisLabel = { color: INK, fontSize: 12, interval: 0, formatter: narrow() ? function (text) { return text.slice(0, 4).split("").join("\n"); } : undefined };
      option.yAxis = Object.assign(categories(data.y), { inverse: true, axisLine: { show: false } });
      option.visualMap = { min: 0, max: most || 1, calculable: false, orient: "horizontal", right: 8, bottom: 0, itemWidth: 10, itemHeight: 110, inRange: { color: ["#f2f6fc", "#bcd3f0", "#6d9fdc", "#2a6cc0", "#0f3f80"] }, text: [exact(most), "0"], textStyle: { color: INK } };
      option.series = [{
        type: "heatmap", itemStyle: { borderColor: "#fff", borderWidth: 2 },
        label: { show: true, fontSize: narrow() ? 10 : 12, formatter: function (item) { return item.value[2] ? exact(item.value[2]) : ""; } },
        data: data.data.map(function (cell) { return { value: cell, label: { color: cell[2] > most * .5 ? "#fff" : DARK } }; }),
      }];
      return option;
    },
  };
  function draw(root) {
    root.querySelectorAll("[data-chart]").forEach(function (element) {
      var data = JSON.parse(document.getElementById(element.dataset.src).textContent);
      var chart = echarts.getInstanceByDom(element) || echarts.init(element, null, { renderer: "svg", locale: CHINESE ? "ZH" : "EN" });
      var labelled = element.getAttribute("aria-labelledby");
      chart.setOption(kinds[element.dataset.chart](data));
      // ECharts describes the data in aria-label, which would hide the panel's own title
      if (labelled) { element.setAttribute("aria-labelledby", labelled); element.removeAttribute("aria-label"); }
      if (data.links) chart.on("click", function (item) { if (data.links[item.dataIndex]) location.assign(data.links[item.dataIndex]); });
      new ResizeObserver(function () { chart.resize(); }).observe(element);
    });
  }
  function forget(root) {
    root.querySelectorAll("[data-chart]").forEach(function (element) {
      var chart = echarts.getInstanceByDom(element);
      if (chart) chart.dispose();
    });
  }
  document.addEventListener("DOMContentLoaded", function () { draw(document); });
  document.addEventListener("htmx:beforeSwap", function (event) { forget(event.target); });
  document.addEventListener("htmx:afterSwap", function (event) { draw(event.target); });
})();
